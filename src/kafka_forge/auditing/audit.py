"""From what an audit is asked for to its report: obtain → examine, by the contract of that name → report."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.auditing import subjects
from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import ContractInvalid
from kafka_forge.examining import reporting
from kafka_forge.examining.examine import Candidate, Run, examine_all
from kafka_forge.examining.reporting import Begun
from kafka_forge.ground.cleaning import using

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.auditing.subjects import Request, Subject
    from kafka_forge.examining.reporting import Verified
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Artifact, Base


@dataclass(frozen=True, slots=True)
class Judging:
    """How an audit judges.

    Attributes:
        root: the checkout, whose recipes have the contracts.
        contract: a contract's file, for all that is audited; None takes those of the recipes of these names.
        base: whose Pythons wheels are tried with; the report names it.
        brokers: as `brokers.choose` names them; none leaves the round trip out.
        survive: whether clients are put through faults on a cluster, too, which takes minutes.
        output: a folder that gets ``report.json`` and ``report.html``.
        jobs: how many artifacts are worked on side by side.
    """

    root: Path
    contract: Path | None
    base: Base
    brokers: tuple[str, ...]
    survive: bool
    output: Path
    jobs: int


def audit(specs: Sequence[str], request: Request, judging: Judging) -> Verified:
    """Obtain packages, install each afresh, examine them by our contracts, and write the report.

    Args:
        specs: what to audit, as `subjects.obtained` understands it; each of them once.
        request: where it comes from.
        judging: how it is judged.

    Raises:
        UnknownPackage, PackageInvalid, SolveFailed, InstallFailed: one of them cannot be had.
        ContractInvalid: there is no contract for one of them.
        ForgeError: whatever stopped the run as a whole.
    """
    begun = Begun()
    with using(request.cache), contextlib.ExitStack() as rooms:
        found = [rooms.enter_context(subjects.obtained(spec, request)) for spec in dict.fromkeys(specs)]
        begun.stages.add("obtain", begun.clock)
        candidates = [_candidate(each, request, judging) for each in found]
        run = Run(judging.brokers, request.cache, request.progress, stages=begun.stages, survive=judging.survive)
        examined = examine_all(run, candidates, judging.jobs)
    return reporting.write("audit", begun, judging.base, examined, judging.output)


def _candidate(subject: Subject, request: Request, judging: Judging) -> Candidate:
    contract = contract_for(subject.artifact, judging)
    if subject.artifact.cell.python is None and contract.environment.python:
        surroundings = contract.environment.model_copy(update={"python": request.python})
        contract = contract.model_copy(update={"environment": surroundings})
    return Candidate(subject.artifact, contract, subject.installer)


def contract_for(artifact: Artifact, judging: Judging) -> Contract:
    """Return what an artifact is held to, as it is for its platform, its Python and its kind.

    Raises:
        ContractInvalid: there is no such contract, or it is wrong.
    """
    file = judging.contract or judging.root / "recipes" / artifact.client / "contract.yaml"
    if not file.is_file():
        raise ContractInvalid(
            f"nothing says what {artifact.client} promises",
            where=str(file),
            details=[f"contracts: {', '.join(sorted(each.parent.name for each in _contracts(judging.root)))}"],
            todo="name a contract's file with --contract; CONTRIBUTING.md says how one is written.",
        )
    return load_contract(file, artifact.cell.platform, artifact.cell.python, artifact.kind)


def _contracts(root: Path) -> list[Path]:
    return list((root / "recipes").glob("*/contract.yaml"))
