"""``roundtrip-streamz``: streamz's sources of Kafka lose nothing, and commit what has been processed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject

_VALUES = {
    "first": ["0", "1", "2", "3", "4"],
    "kept": ["a", "b", None, "", "c"],
    "markers": ["", None, "a", "b", "c"],
    "dask": ["", None, "a", "b", "c"],
}
"""What must come through; batches of two partitions come in any order, so these are sorted."""


class RoundtripStreamz:
    """One result for each mode and case.

    ``first``, ``kept``: `from_kafka` emits the first message of a short run, tombstones and empty values. ``after``,
    ``failed``: an offset is committed when its message is done, and not if that failed. ``markers``: batches end where
    there is nothing to be read. ``ordered``: no batch is committed before the one that it follows. ``settings``: the
    caller's stay as they are. ``dask``, ``dask-after``: the same of batches on a Dask cluster.
    """

    id = "roundtrip-streamz"
    title = "streamz's sources lose nothing, stall at nothing, and commit what has been processed"
    remedy = "compare what the sources and sinks pass on with the topic"
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and case."""
        return [self._one(mode, case, evidence) for mode in arguments.modes for case in corpus.STREAMZ_CASES]

    def _one(self, mode: str, case: str, evidence: RoundTripEvidence) -> CheckResult:
        step = evidence.step(mode, "streamz", case)
        identifier = f"{self.id}[{mode}/{case}]"
        said = complaint(step, f"{mode}/streamz/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {}, step)
        return conclude(identifier, _problems(case, step.data), _GOOD[case], {}, step)


_GOOD = {
    "first": "the first message of a short run is emitted",
    "kept": "tombstones and empty values are emitted",
    "after": "an offset is committed when its message is done, not before",
    "failed": "a message whose work failed is not committed",
    "markers": "batches end at markers, tombstones and empty values, with all there is",
    "ordered": "a batch is committed behind the one before it, not earlier",
    "settings": "the caller's settings stay as they are",
    "dask": "batches on Dask end at markers, tombstones and empty values, with all there is",
    "dask-after": "a batch is committed when a worker is done with it, not before",
}


def _problems(case: str, data: JsonObject) -> list[str]:
    problems = []
    if case in _VALUES and data["values"] != _VALUES[case]:
        problems.append(f"{data['values']} came through, not {_VALUES[case]}")
    if data.get("early", False):
        problems.append("an offset was committed before what it stands for had been processed")
    if not data.get("late", True):
        problems.append("what had been processed was not committed")
    if data.get("changed"):
        problems.append(f"the source has written into its caller's settings: {', '.join(data['changed'])}")
    return problems


CHECK = RoundtripStreamz()
