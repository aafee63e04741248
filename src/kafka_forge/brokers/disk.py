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


@dataclass(frozen=True, slots=True)
class Batch:
    """One record batch.

    Attributes:
        offset: of its first record.
        size: in bytes, header and all.
        codec: one of `CODECS`.
        records: how many it holds.
    """

    offset: int
    size: int
    codec: str
    records: int


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
            batch = _batch(prefix + stream.read(_REST.size), size - at, segment, at)
            yield batch
            at += batch.size
            stream.seek(at)


def _batch(header: bytes, left: int, segment: Path, at: int) -> Batch:
    if len(header) < _PREFIX.size + _REST.size:
        raise _malformed(segment, at, f"{left} bytes are left, too few for a batch's header")
    offset, length = _PREFIX.unpack_from(header)
    _, magic, _, attributes, last_delta, *_, count = _REST.unpack_from(header, _PREFIX.size)
    codec = attributes & 0b111
    if magic != _MAGIC:
        raise _malformed(segment, at, f"magic is {magic}, not {_MAGIC}")
    if not _REST.size <= length <= left - _PREFIX.size:
        raise _malformed(segment, at, f"a batch says it is {length} bytes long, and {left - _PREFIX.size} are left")
    if codec >= len(CODECS):
        raise _malformed(segment, at, f"no codec has the number {codec}")
    if offset < 0 or not 0 <= count <= last_delta + 1:  # compaction takes records out and leaves the offsets
        raise _malformed(segment, at, f"{count} records from offset {offset} with last delta {last_delta}")
    return Batch(offset, _PREFIX.size + length, CODECS[codec], count)


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
