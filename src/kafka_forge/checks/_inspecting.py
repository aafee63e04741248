"""What the checks of stage ``inspect`` have in common: from what is wrong to a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka_forge.values.contract import Model
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.values.evidence import ExtrasEvidence, InspectEvidence


class NoArguments(Model):
    """The promise needs no more than its name: ``{}``."""


class Bundling(Model):
    """Whose librdkafka it is; the one in the prefix's library folder unless one of these is said.

    ``bundled``: the package brings its own, as wheels do. ``anywhere``: of an environment that stands already,
    whichever the client finds there.
    """

    bundled: bool = False
    anywhere: bool = False


def conclude(check: str, problems: Sequence[str], good: str, evidence: Mapping[str, Any]) -> CheckResult:
    """Return ``fail`` with the problems, or ``pass`` with the sentence ``good`` where there are none."""
    if not problems:
        return CheckResult(check, Verdict.PASS, good, evidence)
    return CheckResult(check, Verdict.FAIL, "; ".join(problems), {**evidence, "problems": list(problems)})


def since(seen: Mapping[str, Any]) -> str:
    """Return since when it is so, of what was seen before this run (`inspection.kept`), else nothing."""
    return f"on {seen['ran']}, and nothing has changed since" if seen.get("reused") else ""


def not_run(check: str, evidence: InspectEvidence | ExtrasEvidence) -> CheckResult:
    """Return ``inspected``: this machine cannot run the artifact, so what only a run shows stays open."""
    platform = evidence.environment.artifact.cell.platform
    return CheckResult(check, Verdict.INSPECTED, f"inspected, not run here: this machine cannot run {platform}")
