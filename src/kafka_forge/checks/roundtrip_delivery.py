"""``roundtrip-delivery``: every message arrives once, with its key and value, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import IDENTITY, ModesAndCodecs, compare

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult


class RoundtripDelivery:
    """What the artifact wrote is read by an independent client; what the artifact read is held against the corpus.

    Keys are compared as such, values by length and sha256; empty, absent and 900 kB values are among them. A message
    that is missing, altered, doubled or in another partition fails.
    """

    id = "roundtrip-delivery"
    title = "every message arrives exactly once in its partition, key and value byte for byte"
    remedy = (
        "compare the client's sending and reading with the release that the package is of: a patch or a "
        "build changed it"
    )
    stage = "roundtrip"
    arguments = ModesAndCodecs

    def judge(self, arguments: ModesAndCodecs, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode, direction and codec."""
        return compare(self.id, arguments, evidence, IDENTITY, "keys and values")


CHECK = RoundtripDelivery()
