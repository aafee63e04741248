"""``roundtrip-compression``: what the client was told to compress lies compressed on the broker's disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import ModesAndCodecs, complaint, conclude, expected

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence, TopicOnDisk
    from kafka_forge.values.model import CheckResult

_RATIO = 2.0
"""The corpus is mostly text: the weakest codec (lz4) makes it a fifth; half is a bound that tells yes from no."""


class RoundtripCompression:
    """The broker keeps a batch as its producer compressed it (``compression.type=producer``), so its disk tells."""

    id = "roundtrip-compression"
    title = "on the broker's disk the batches have the codec that was asked for, and are smaller for it"
    remedy = "see that the client hands the codec on to its batches, and that its library is there"
    stage = "roundtrip"
    arguments = ModesAndCodecs

    def judge(self, arguments: ModesAndCodecs, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and codec."""
        pairs = [(mode, codec) for mode in arguments.modes for codec in arguments.codecs]
        return [self._one(mode, codec, evidence) for mode, codec in pairs]

    def _one(self, mode: str, codec: str, evidence: RoundTripEvidence) -> CheckResult:
        label = f"{mode}/produce/{codec}"
        identifier = f"{self.id}[{label}]"
        step = evidence.step(mode, "produce", codec)
        topic = evidence.disk[evidence.topics[mode][codec]]
        records = expected(evidence, codec)
        payload = sum((record["length"] or 0) + len(record["key"] or "") // 2 for record in records)
        problems = [said] if (said := complaint(step, label, evidence)) else []
        problems += _problems(topic, codec, len(records), payload)
        seen = {"payload": payload, "bytes": topic.bytes, "batches": topic.codecs, "records": topic.records}
        good = f"{payload} bytes of keys and values take {topic.bytes} on disk, batches {topic.codecs}"
        return conclude(identifier, problems, good, seen, step)


def _problems(topic: TopicOnDisk, codec: str, records: int, payload: int) -> list[str]:
    # librdkafka sends a batch as it is where compression would make it larger, so `none` may stand beside the codec.
    strange = sorted(set(topic.codecs) - {codec, "none"})
    problems = [f"batches on disk are compressed with {', '.join(strange)}"] if strange else []
    if not topic.codecs.get(codec):
        problems.append(f"no batch on disk has the codec {codec}")
    if topic.records != records:
        problems.append(f"{topic.records} records lie on disk instead of {records}")
    if codec == "none" and topic.bytes < payload:
        problems.append(f"{payload} bytes cannot take {topic.bytes} uncompressed")
    if codec != "none" and topic.bytes * _RATIO > payload:
        problems.append(f"{payload} bytes of keys and values take {topic.bytes} on disk: that is no compression")
    return problems


CHECK = RoundtripCompression()
