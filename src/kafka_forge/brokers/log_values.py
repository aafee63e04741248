"""The values in a partition's log segments, each with its offset: what a broker has kept, with no client in between.

Records are those of KIP-98 ("Message format" in Kafka's documentation), in batches that are not compressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.brokers import disk
from kafka_forge.errors import SegmentMalformed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = 61
"""Bytes of a batch before its records."""
_PRODUCER_ID = slice(43, 51)


@dataclass(frozen=True, slots=True)
class Kept:
    """One record.

    Attributes:
        offset: its offset.
        value: None where it has none.
        producer: the id that its producer got for idempotence (KIP-98); -1 where it asked for none.
    """

    offset: int
    value: bytes | None
    producer: int


def read_partition(log_dir: Path, topic: str, partition: int) -> list[Kept]:
    """Return the records of one partition, as the broker with this ``log.dirs`` has written them, in their order.

    Raises:
        SegmentMalformed: a segment does not parse, or is compressed.
    """
    segments = sorted((log_dir / f"{topic}-{partition}").glob("*.log"))
    return [record for segment in segments for record in _read_segment(segment)]


def _read_segment(segment: Path) -> Iterator[Kept]:
    at = 0
    data = segment.read_bytes()
    for batch in disk.read_segment(segment):
        raw = data[at : at + batch.size]
        at += batch.size
        if batch.codec != "none":
            raise SegmentMalformed(
                f"a batch is compressed with {batch.codec}",
                where=f"{segment}:{batch.offset}",
                todo="have the producer compress nothing where the segments' values are to be read.",
            )
        producer = int.from_bytes(raw[_PRODUCER_ID], "big", signed=True)
        place = _HEADER
        for _ in range(batch.records):
            length, place = _varint(raw, place)
            delta, value = _record(raw[place : place + length])
            yield Kept(batch.offset + delta, value, producer)
            place += length


def _record(data: bytes) -> tuple[int, bytes | None]:
    """Return a record's offset delta and its value."""
    _, at = _varint(data, 1)  # behind the attributes: the timestamp's delta
    delta, at = _varint(data, at)
    size, at = _varint(data, at)
    at += max(size, 0)
    size, at = _varint(data, at)
    return delta, None if size < 0 else data[at : at + size]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the zigzag-encoded number that begins there, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
