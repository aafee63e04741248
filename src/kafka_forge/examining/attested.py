"""From an attestation to the artifact that is built anew for it, and whether that is the very file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.building import build
from kafka_forge.errors import NotMadeHere
from kafka_forge.ground.files import sha256_of
from kafka_forge.report.model import check_report, gravest
from kafka_forge.reproducing import differences
from kafka_forge.values.model import CheckResult, Verdict
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.attesting.statement import Statement
    from kafka_forge.report.model import ArtifactReport
    from kafka_forge.values.model import Cell, JsonObject

CHECK = "as-attested"
_SHOWN = 20
_UNSEEN = "who signed it was not asked: `kafka-forge attest verify` does"


@dataclass(frozen=True, slots=True)
class Attested:
    """The file that is to come out again.

    Attributes:
        statement: what the attestation says of it.
        original: the file itself, where it stands beside its attestation; then it is said which bytes differ.
    """

    statement: Statement
    original: Path | None = None


def beside(statement: Statement, path: Path) -> Attested:
    """Look for the file that an attestation is about in the attestation's folder; another's bytes are not taken."""
    file = path.with_name(statement.name)
    there = file.is_file() and sha256_of(file) == statement.sha256
    return Attested(statement, file if there else None)


def selection(statement: Statement, base: str, root: Path) -> Selection:
    """Return the one cell of the matrix whose artifact has this name: recipe, version and build string are in it.

    Args:
        statement: what the attestation says.
        base: as `verify` takes it; the build string holds what the base gives (the compiler, say).
        root: the checkout.

    Raises:
        NotMadeHere: no recipe of this checkout makes a file of that name on that base.
    """
    cells = [each.cell for each in build.plan_on(Selection(platforms=("all",)), base, root)]
    found = [cell for cell in cells if cell.filename == statement.name]
    if not found:
        raise _unknown(statement, base, cells)
    own = platforms.current()
    cell = next((cell for cell in found if cell.platform == own), found[0])
    return Selection((cell.recipe,), (cell.platform,), (cell.python,) if cell.python else ())


def _unknown(statement: Statement, base: str, cells: list[Cell]) -> NotMadeHere:
    alike = sorted({cell.filename for cell in cells if statement.name.startswith(f"{cell.name}-")})
    return NotMadeHere(
        f"no recipe here makes {statement.name} on the base {base}",
        details=[f"made here: {each}" for each in alike[:_SHOWN]],
        todo="check out the commit that it was built from, and name its base by --base.",
    )


def judged(row: ArtifactReport, attested: Attested, output: Path) -> ArtifactReport:
    """Return an artifact's report with the check ``as-attested``, where there is an artifact of that name."""
    if row.file is None or row.sha256 is None or not row.file.endswith(f"/{attested.statement.name}"):
        return row
    result = _check(row, attested, output / row.file)
    checks = [*row.checks, check_report(result)]
    return row.model_copy(update={"checks": checks, "verdict": gravest(each.verdict for each in checks)})


def _check(row: ArtifactReport, attested: Attested, built: Path) -> CheckResult:
    said = attested.statement.sha256
    how = "built by an earlier run" if row.reused else "built anew"
    evidence: JsonObject = {"attested": said, "built": row.sha256, "how": how, "unseen": _UNSEEN}
    if said == row.sha256:
        return CheckResult(CHECK, Verdict.PASS, f"{how}, it is the attested file: sha256 {said}; {_UNSEEN}", evidence)
    where = "the attested file is not beside its attestation, so the bytes cannot be compared"
    if attested.original:
        told = [f"{each.file}: {each.why}" for each in differences.differences(attested.original, built)]
        evidence["differences"] = told[:_SHOWN]
        where = "; ".join(told[:3])
    todo = "compare the key of all that went in (made_of in report.json) with the builder's own"
    summary = f"attested is sha256 {said}, {how} is {row.sha256}: {where}; {todo}"
    return CheckResult(CHECK, Verdict.FAIL, summary, evidence)
