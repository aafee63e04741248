"""From two specs to what differs: obtain → look at each in its fresh environment → set beside one another."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.auditing import audit, subjects
from kafka_forge.comparing import differences, faces, page
from kafka_forge.errors import ContractInvalid
from kafka_forge.examining.reporting import Begun
from kafka_forge.ground.cleaning import using
from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from kafka_forge.auditing.audit import Judging
    from kafka_forge.auditing.subjects import Request, Subject
    from kafka_forge.comparing.model import Diff, Face, JudgedCheck
    from kafka_forge.errors import ForgeError


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of a comparison.

    Attributes:
        diff: as it stands in ``diff.json``.
        faults: of the brokers, where the packages were held to contracts; see `examine.Examined`.
    """

    diff: Diff
    faults: tuple[ForgeError, ...] = ()


def compare(a: str, b: str, request: Request, judging: Judging, *, judge: bool) -> Compared:
    """Set two packages beside one another, and write ``diff.json`` and ``diff.html``.

    Args:
        a, b: what to compare, as `subjects.obtained` understands it.
        request: where they come from.
        judging: whose modules are imported, where the files go, and how they are judged.
        judge: whether they are held to their contracts as well, as ``audit`` does.

    Raises:
        UnknownPackage, PackageInvalid, SolveFailed, InstallFailed: one of them cannot be had.
        ContractInvalid: a contract is wrong, or, where they are judged, missing.
        ForgeError: whatever else stopped it.
    """
    with using(request.cache), contextlib.ExitStack() as rooms:
        labels = subjects.labels([a, b])
        found = {spec: rooms.enter_context(subjects.obtained(spec, request, labels[spec])) for spec in labels}
        shown = {spec: _face(subject, request, judging) for spec, subject in found.items()}
        checks, faults = _judged(list(found.values()), request, judging) if judge else (None, ())
    diff = differences.between(shown[a], shown[b], checks)
    write_text_atomic(judging.output / "diff.json", diff.model_dump_json(indent=2) + "\n")
    page.write(diff, judging.output / "diff.html")
    return Compared(diff, faults)


def _face(subject: Subject, request: Request, judging: Judging) -> Face:
    """Look at one; a package that no contract is about is looked at all the same."""
    try:
        contract = audit.candidate(subject, request, judging).contract
    except ContractInvalid:
        if judging.contract or subject.artifact.client in audit.contracts(judging.root):
            raise
        contract = None
    return faces.face(subject.artifact, contract, subject.installer, request.progress)


def _judged(
    found: list[Subject], request: Request, judging: Judging
) -> tuple[list[JudgedCheck], tuple[ForgeError, ...]]:
    verified = audit.judged(found, request, judging, Begun())
    rows = verified.report.artifacts
    return differences.judged(rows[0], rows[-1]), verified.faults
