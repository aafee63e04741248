"""What a scenario told in a real run, put before the checks again: as it was told, or falsified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.checks import judging
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import RoundTripEvidence, Step
from kafka_forge.values.model import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.values.model import Cell, CheckResult, JsonObject


def judged(
    cell: Cell, promises: Mapping[str, Any], steps: Sequence[JsonObject], **others: Any
) -> dict[str, CheckResult]:
    """Judge steps by promises of stage ``roundtrip``; ``others`` are fields of the evidence. Results by their ids."""
    evidence = RoundTripEvidence(
        artifact=Artifact(cell, Path(cell.filename), "0" * 64, 1),
        broker={},
        seed="",
        start=0,
        steps=tuple(Step(**{**step, "log": tuple(step["log"])}) for step in steps),
        **{"topics": {}, **others},
    )
    results = judging.judge(Contract(version=1, promises=dict(promises)), evidence, stage="roundtrip")
    return {each.id: each for each in results}
