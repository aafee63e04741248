"""From what an audit is asked for to its report: obtain → examine, by the contract of that name → report."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
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

    from kafka_forge.auditing.subjects import Request, Subject
    from kafka_forge.examining.reporting import Verified
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Artifact, Base


_OTHERS = Path(__file__).parent / "contracts"
"""What clients promise that no recipe here builds."""


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
        labels = subjects.labels(specs)
        found = [rooms.enter_context(subjects.obtained(spec, request, labels[spec])) for spec in labels]
        begun.stages.add("obtain", begun.clock)
        return judged(found, request, judging, begun)


def audit_standing(prefix: Path, names: Sequence[str], request: Request, judging: Judging) -> Verified:
    """Examine clients that stand in an environment already, by what holds there, and write the report.

    Args:
        prefix: the environment's folder; nothing is installed into it.
        names: the clients; none takes all that are there and that a contract is about.
        request: for whom; its channels are not asked.
        judging: how it is judged.

    Raises:
        UnknownEnvironment, UnknownPackage: see `subjects.standing`.
        ContractInvalid, ForgeError: as `audit` does.
    """
    begun = Begun()
    with using(request.cache):
        found = subjects.standing(prefix, names, contracts(judging.root))
        return judged(found, request, judging, begun)


def judged(found: Sequence[Subject], request: Request, judging: Judging, begun: Begun) -> Verified:
    """Examine packages that have been obtained, and write the report; raises as `audit` does.

    Args:
        found: what to examine, as `subjects.obtained` gives it.
        request: where it came from.
        judging: how it is judged.
        begun: when the run began.
    """
    candidates = [candidate(each, request, judging) for each in found]
    run = Run(judging.brokers, request.cache, request.progress, stages=begun.stages, survive=judging.survive)
    examined = examine_all(run, candidates, judging.jobs)
    return reporting.write("audit", begun, judging.base, examined, judging.output)


def candidate(subject: Subject, request: Request, judging: Judging) -> Candidate:
    """Return a package with what it is held to.

    Raises:
        ContractInvalid: there is no such contract, or it is wrong.
    """
    contract = contract_for(subject.artifact, judging)
    if subject.artifact.cell.python is None and contract.environment.python:
        surroundings = contract.environment.model_copy(update={"python": request.python})
        contract = contract.model_copy(update={"environment": surroundings})
    return Candidate(subject.artifact, contract, subject.installer)


def contract_for(artifact: Artifact, judging: Judging) -> Contract:
    """Return what an artifact is held to, as it is for its platform, its Python, its kind and its version.

    Raises:
        ContractInvalid: there is no such contract, or it is wrong.
    """
    known = contracts(judging.root)
    file = judging.contract or known.get(artifact.client)
    if file is None:
        raise ContractInvalid(
            f"nothing says what {artifact.client} promises",
            where=str(judging.root / "recipes" / artifact.client / "contract.yaml"),
            details=[f"contracts: {', '.join(sorted(known))}"],
            todo="name a contract's file with --contract; CONTRIBUTING.md says how one is written.",
        )
    cell = artifact.cell
    return load_contract(file, cell.platform, cell.python, artifact.kind, cell.version, ours=False)


def contracts(root: Path) -> dict[str, Path]:
    """Return the conda name of each client → its contract: of the recipes, and of those that others build alone."""
    recipes = {file.parent.name: file for file in (root / "recipes").glob("*/contract.yaml")}
    return {file.stem: file for file in _OTHERS.glob("*.yaml")} | recipes
