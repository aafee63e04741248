"""What lies on a broker's disk: the record batches of a topic's log segments, read without Kafka and without a client.

The format is that of KIP-98 (magic 2), which every broker from 0.11 on writes: Kafka's documentation has it under
"Message format". Only the batches' headers are read; nothing is decompressed.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.brokers.protocol import Reader
from kafka_forge.errors import SegmentMalformed
from kafka_forge.values.evidence import TopicOnDisk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
"""The codecs by their number in bits 0 to 2 of a batch's attributes (zstd: KIP-110)."""

_PREFIX = struct.Struct(">qi")
"""Base offset; length in bytes of what follows these twelve."""

_REST = struct.Struct(">ibIhiqqqhii")
"""Leader epoch, magic, CRC-32C, attributes, last offset delta, 2 timestamps, producer id and epoch, sequence, count."""

_MAGIC = 2
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_MARKERS = {0: "abort", 1: "commit"}
"""The kinds of control records that end a transaction; there are others."""
_MARKER_BYTES = 16
"""More than a control record takes up to the end of its key."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One record batch.

    Attributes:
        offset: of its first record.
        size: in bytes, header and all.
        codec: one of `CODECS`.
        records: how many it holds.
        producer: the id that its producer got (KIP-98); -1 where it asked for none.
        transactional: whether it belongs to a transaction of that producer.
        marker: ``commit`` or ``abort`` where it is no message, but the end of one; None where it is neither.
    """

    offset: int
    size: int
    codec: str
    records: int
    producer: int = -1
    transactional: bool = False
    marker: str | None = None


def read_topic(log_dir: Path, topic: str) -> TopicOnDisk:
    """Return what the broker with this ``log.dirs`` has written of a topic, over all its partitions and segments.

    A topic that the broker has no folder for has no bytes, batches or records. The topic should be at rest: a batch
    that is being appended right now looks cut off.

    Raises:
        SegmentMalformed: a segment does not parse.
    """
    codecs: Counter[str] = Counter()
    size = records = 0
    for segment in _segments(log_dir, topic):
        size += segment.stat().st_size
        for batch in read_segment(segment):
            codecs[batch.codec] += 1
            records += batch.records
    return TopicOnDisk(topic, bytes=size, batches=codecs.total(), records=records, codecs=dict(codecs))


def _segments(log_dir: Path, topic: str) -> list[Path]:
    of_topic = re.compile(re.escape(topic) + r"-[0-9]+")
    folders = [folder for folder in log_dir.iterdir() if of_topic.fullmatch(folder.name)]
    return sorted(segment for folder in folders for segment in folder.glob("*.log"))


def read_segment(segment: Path) -> Iterator[Batch]:
    """Give the batches of one ``*.log`` file, in order.

    A tail of zeros is where a preallocated segment (``log.preallocate``) has not been written yet, and ends it.

    Raises:
        SegmentMalformed: at some byte there is neither a whole batch of magic 2 nor the end.
    """
    size = segment.stat().st_size
    with segment.open("rb") as stream:
        at = 0
        while at < size:
            prefix = stream.read(_PREFIX.size)
            if len(prefix) == _PREFIX.size and not any(prefix):
                _require_zeros(stream, segment, at)
                return
            batch = _batch(prefix + stream.read(_REST.size + _MARKER_BYTES), size - at, segment, at)
            yield batch
            at += batch.size
            stream.seek(at)


def _batch(header: bytes, left: int, segment: Path, at: int) -> Batch:
    if len(header) < _PREFIX.size + _REST.size:
        raise _malformed(segment, at, f"{left} bytes are left, too few for a batch's header")
    offset, length = _PREFIX.unpack_from(header)
    _, magic, _, attributes, last_delta, _, _, producer, *_, count = _REST.unpack_from(header, _PREFIX.size)
    codec = attributes & 0b111
    if magic != _MAGIC:
        raise _malformed(segment, at, f"magic is {magic}, not {_MAGIC}")
    if not _REST.size <= length <= left - _PREFIX.size:
        raise _malformed(segment, at, f"a batch says it is {length} bytes long, and {left - _PREFIX.size} are left")
    if codec >= len(CODECS):
        raise _malformed(segment, at, f"no codec has the number {codec}")
    if offset < 0 or not 0 <= count <= last_delta + 1:  # compaction takes records out and leaves the offsets
        raise _malformed(segment, at, f"{count} records from offset {offset} with last delta {last_delta}")
    transactional, control = bool(attributes & _TRANSACTIONAL), bool(attributes & _CONTROL)
    try:
        marker = _marker(header[_PREFIX.size + _REST.size : _PREFIX.size + length]) if control else None
    except ValueError as error:
        raise _malformed(segment, at, f"a control record cannot be read: {error}") from error
    return Batch(offset, _PREFIX.size + length, CODECS[codec], count, producer, transactional, marker)


def _marker(record: bytes) -> str | None:
    """Return what a control record says of its producer's transaction: its key is a version and that, 2 bytes each."""
    reader = Reader(record)
    reader.varint()  # the record's length, in zigzag as the others here
    reader.take(1)
    for _ in ("timestamp", "offset", "length of the key"):
        reader.varint()
    reader.take(2)
    kind = reader.number(2)
    return _MARKERS.get(kind)


def _require_zeros(stream: BinaryIO, segment: Path, at: int) -> None:
    while chunk := stream.read(1 << 20):
        if any(chunk):
            raise _malformed(segment, at, "zeros, and then something else")


def _malformed(segment: Path, at: int, why: str) -> SegmentMalformed:
    return SegmentMalformed(
        f"a log segment does not parse at byte {at}: {why}",
        where=str(segment),
        todo="see that nobody writes to the topic any more; if it stays so, report the segment.",
    )
