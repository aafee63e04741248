"""``roundtrip-headers``: every message keeps its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import IDENTITY, ModesAndCodecs, compare

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult


class RoundtripHeaders:
    """Headers (KIP-82) come back in order: repeated names, names beyond ASCII, binary and empty values."""

    id = "roundtrip-headers"
    title = "every message keeps its headers, in order and byte for byte"
    remedy = "see that the client hands the headers on to the record, and decodes them (KIP-82)"
    stage = "roundtrip"
    arguments = ModesAndCodecs

    def judge(self, arguments: ModesAndCodecs, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode, direction and codec."""
        return compare(self.id, arguments, evidence, (*IDENTITY, "headers"), "headers")


CHECK = RoundtripHeaders()
