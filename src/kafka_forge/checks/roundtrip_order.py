"""``roundtrip-order``: within a partition, messages come in the order in which they were sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import IDENTITY, NOTHING, ModesAndCodecs, cases, complaint, conclude, expected
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class RoundtripOrder:
    """Kafka's one promise about order; between partitions there is none."""

    id = "roundtrip-order"
    title = "within each partition, messages come in the order in which they were sent"
    remedy = "see that one partition's batches are sent, and sent again, in their order"
    stage = "roundtrip"
    arguments = ModesAndCodecs

    def judge(self, arguments: ModesAndCodecs, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode, direction and codec."""
        results = []
        for label, step, records, codec in cases(arguments, evidence):
            wanted = expected(evidence, codec)
            problems = [said] if (said := complaint(step, label, evidence)) else []
            problems += [] if records else [NOTHING]
            for partition in range(corpus.PARTITIONS) if records else ():
                problems += _disorder(partition, _of(partition, wanted), _of(partition, records))
            good = f"{len(records)} messages in order in {corpus.PARTITIONS} partitions"
            results.append(conclude(f"{self.id}[{label}]", problems, good, {"found": len(records)}, step))
        return results


def _of(partition: int, records: Sequence[JsonObject]) -> list[JsonObject]:
    return [record for record in records if record["partition"] == partition]


def _disorder(partition: int, wanted: Sequence[JsonObject], found: Sequence[JsonObject]) -> list[str]:
    offsets = [record["offset"] for record in found]
    if any(later <= earlier for earlier, later in itertools.pairwise(offsets)):
        return [f"partition {partition}: the offsets do not rise"]
    for at, (right, seen) in enumerate(zip(wanted, found, strict=False)):
        if any(right[field] != seen[field] for field in IDENTITY):
            return [f"partition {partition}: another message stands at place {at}"]
    if len(found) != len(wanted):
        return [f"partition {partition}: {len(found)} of {len(wanted)} messages, so the order cannot be told"]
    return []


CHECK = RoundtripOrder()
