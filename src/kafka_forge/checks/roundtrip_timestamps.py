"""``roundtrip-timestamps``: every message keeps the time that its sender gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import IDENTITY, ModesAndCodecs, compare

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult


class RoundtripTimestamps:
    """Create times (KIP-32) come back to the millisecond."""

    id = "roundtrip-timestamps"
    title = "every message keeps its sender's timestamp, to the millisecond"
    remedy = "see that the client hands the timestamp on to the record (KIP-32)"
    stage = "roundtrip"
    arguments = ModesAndCodecs

    def judge(self, arguments: ModesAndCodecs, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode, direction and codec."""
        return compare(self.id, arguments, evidence, (*IDENTITY, "timestamp"), "timestamps")


CHECK = RoundtripTimestamps()
