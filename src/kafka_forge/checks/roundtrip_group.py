"""``roundtrip-group``: a consumer group commits, is left, and resumes exactly where it was."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude, expected
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult


class RoundtripGroup:
    """A first member reads half, commits, leaves; a second one gets the rest: nothing twice, nothing lost.

    What was committed is asked of the broker's coordinator, not of the client.
    """

    id = "roundtrip-group"
    title = "a consumer group commits, is left, and resumes exactly where it was"
    remedy = "see what the client commits, and from where the next member begins"
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode."""
        return [self._one(mode, evidence) for mode in arguments.modes]

    def _one(self, mode: str, evidence: RoundTripEvidence) -> CheckResult:
        step, label = evidence.step(mode, "group"), f"{mode}/group"
        problems = [said] if (said := complaint(step, label, evidence)) else []
        committed = evidence.committed.get(mode, {})
        first = _pairs(step.data.get("first", [])) if step else []
        second = _pairs(step.data.get("second", [])) if step else []
        ends = Counter(record["partition"] for record in expected(evidence, "none"))
        problems += _problems(first, second, committed, ends)
        seen = {"first": len(first), "committed": committed, "second": len(second), "messages": ends.total()}
        good = f"{len(first)} messages, commit, leave, then exactly the other {len(second)}"
        return conclude(f"{self.id}[{label}]", problems, good, seen, step)


def _pairs(raw: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    return [(partition, offset) for partition, offset in raw]


def _problems(
    first: Sequence[tuple[int, int]],
    second: Sequence[tuple[int, int]],
    committed: dict[int, int],
    ends: Counter[int],
) -> list[str]:
    problems = []
    if not first or len(first) >= ends.total():
        problems.append(
            f"the first member read {len(first)} of {ends.total()} messages, so there was no half to commit"
        )
    position: Counter[int] = Counter()
    for partition, offset in first:
        position[partition] = max(position[partition], offset + 1)
    if dict(position) != {partition: offset for partition, offset in committed.items() if offset}:
        problems.append(
            f"the broker holds the offsets {committed}, and the first member had read up to {dict(position)}"
        )
    for partition in range(corpus.PARTITIONS):
        got = [offset for p, offset in [*first, *second] if p == partition]
        if got != list(range(ends[partition])):
            problems.append(
                f"partition {partition}: the two members read {len(got)} messages, {len(set(got))} of them different, "
                f"of {ends[partition]}"
            )
    return problems


CHECK = RoundtripGroup()
