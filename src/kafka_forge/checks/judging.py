"""From a contract and evidence to results: every promise of a stage, judged by the check that it names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kafka_forge import checks
from kafka_forge.checks._inspecting import since
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.values.contract import Contract
    from kafka_forge.values.evidence import ExtrasEvidence, RoundTripEvidence, SurvivalEvidence


def judge(
    contract: Contract,
    evidence: InspectEvidence | ExtrasEvidence | RoundTripEvidence | SurvivalEvidence,
    *,
    stage: str,
) -> list[CheckResult]:
    """Judge every promise that this evidence can answer, in the contract's order.

    Args:
        contract: as `load_contract` returns it, so every promise has a check and arguments that fit.
        evidence: what the stage gathered.
        stage: ``inspect``, ``extras``, ``roundtrip`` or ``survives``.
    """
    results: list[CheckResult] = []
    for name, raw in contract.promises.items():
        check = checks.by_id()[name]
        if check.stage == stage:
            found = check.judge(check.arguments.model_validate(raw), evidence)
            seen = getattr(evidence, getattr(check, "shown_by", ""), {})
            results += [_with_remedy(_since(result, seen), check.remedy) for result in found]
    return _shared(results, evidence.seconds) if isinstance(evidence, InspectEvidence) else results


def _since(result: CheckResult, seen: Mapping[str, Any]) -> CheckResult:
    """Let what was seen before this run say so (`inspection.emulated`)."""
    if result.verdict is not Verdict.PASS or not (before := since(seen)):
        return result
    evidence = {**result.evidence, "ran": seen["ran"], "reused": True}
    return replace(result, summary=f"{result.summary}; seen {before}", evidence=evidence)


def _with_remedy(result: CheckResult, remedy: str) -> CheckResult:
    """Let a failure say what to do, too."""
    return replace(result, summary=f"{result.summary}; {remedy}") if result.verdict is Verdict.FAIL else result


def _shared(results: list[CheckResult], seconds: float) -> list[CheckResult]:
    """Give each check an equal share of the time that gathering took: one look at the files serves them all.

    A check that says its own time took no part in that.
    """
    looked = [result for result in results if not result.seconds]
    return [
        result if result.seconds else replace(result, seconds=round(seconds / len(looked), 4)) for result in results
    ]


def not_run(contract: Contract, platform: str, *, stage: str) -> list[CheckResult]:
    """Return ``inspected`` for every promise of a stage: this machine cannot run the platform."""
    summary = f"inspected, not run here: this machine cannot run {platform}"
    promised = [name for name in contract.promises if checks.by_id()[name].stage == stage]
    return [CheckResult(name, Verdict.INSPECTED, summary) for name in promised]
