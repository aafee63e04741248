"""A topic's record batches as a broker hands them out: for a broker whose disk is not ours to read.

A broker answers a Fetch with the very bytes of its log segments, still compressed as their producer compressed them.
Clients hide that, so the one request it takes is made here: Fetch 4, the oldest that Kafka 4 keeps (KIP-896) and the
first whose batches have magic 2 (KIP-98). Layout: "The Kafka Protocol Guide", Fetch API (key 1), request header 1.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.brokers import disk
from kafka_forge.errors import ScenarioBroken
from kafka_forge.values.evidence import TopicOnDisk, Transacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 20.0
_MAX_BYTES = 64 << 20
_FETCH, _VERSION = 1, 4
_SETTLING = 60.0
"""Seconds for the last markers: a broker answers for a transaction's end before it has written them everywhere."""
_POLL = 0.1


def read_topic(leaders: Mapping[int, tuple[str, int]], topic: str) -> TopicOnDisk:
    """Return what a broker keeps of a topic, as it hands it out; the same figures as `brokers.disk.read_topic`.

    Args:
        leaders: partition → host and port of its leader, a plaintext listener.
        topic: its name.

    Raises:
        ScenarioBroken: the broker does not answer, or not in this version of the protocol.
    """
    codecs: Counter[str] = Counter()
    size = records = 0
    for partition, leader in leaders.items():
        batches = _batches(leader, topic, partition)
        codecs.update(batch.codec for batch in batches)
        size += sum(batch.size for batch in batches)
        records += sum(batch.records for batch in batches)
    return TopicOnDisk(topic, bytes=size, batches=codecs.total(), records=records, codecs=dict(codecs))


def read_transactions(
    leaders: Mapping[int, tuple[str, int]], topic: str, watch: Callable[[], None] = lambda: None
) -> dict[int, Transacted]:
    """Return partition → which of its messages are in transactions that were committed, aborted or neither.

    Args:
        leaders, topic: as for `read_topic`.
        watch: is called while a transaction is not over yet, for a minute at most; what it raises ends the waiting.

    Raises:
        ScenarioBroken: as for `read_topic`.
    """
    deadline = time.monotonic() + _SETTLING
    while True:
        found = {partition: sorted_out(_batches(leader, topic, partition)) for partition, leader in leaders.items()}
        if not any(each.open for each in found.values()) or time.monotonic() > deadline:
            return found
        watch()
        time.sleep(_POLL)


def sorted_out(batches: list[disk.Batch]) -> Transacted:
    """Go by the markers: one ends whatever its producer has in this partition that is not ended yet."""
    plain: list[int] = []
    ended: dict[str, list[int]] = {"commit": [], "abort": []}
    running: dict[int, list[int]] = {}
    for batch in batches:
        offsets = range(batch.offset, batch.offset + batch.records)
        if batch.marker:
            ended[batch.marker] += running.pop(batch.producer, [])
        elif batch.transactional:
            running.setdefault(batch.producer, []).extend(offsets)
        else:
            plain += offsets
    unended = [offset for offsets in running.values() for offset in offsets]
    return Transacted(*(tuple(sorted(each)) for each in (ended["commit"], ended["abort"], unended, plain)))


def _batches(leader: tuple[str, int], topic: str, partition: int) -> list[disk.Batch]:
    try:
        return _fetched(leader, topic, partition)
    except (OSError, struct.error) as error:
        raise ScenarioBroken(
            f"the record batches of {topic}/{partition} cannot be fetched: {error}",
            where=f"{leader[0]}:{leader[1]}",
            todo="see that it is a plaintext listener of a Kafka from 0.11 on.",
        ) from error


def _fetched(leader: tuple[str, int], topic: str, partition: int) -> list[disk.Batch]:
    found: list[disk.Batch] = []
    with socket.create_connection(leader, timeout=_SECONDS) as connection, connection.makefile("rwb") as stream:
        offset, end = 0, 1
        while offset < end:
            stream.write(_request(topic, partition, offset))
            stream.flush()
            (length,) = struct.unpack(">i", stream.read(4))
            end, data = _answer(stream.read(length))
            fresh = _parse(data)
            if not fresh:
                break
            found += fresh
            offset = fresh[-1].offset + fresh[-1].records
    return found


def _request(topic: str, partition: int, offset: int) -> bytes:
    name = topic.encode()
    header = struct.pack(">hhih", _FETCH, _VERSION, 1, -1)  # correlation id 1, no client id
    body = struct.pack(">iiiib", -1, 100, 1, _MAX_BYTES, 0)  # no replica, wait 100 ms for 1 byte, read uncommitted
    wanted = struct.pack(">iqi", partition, offset, _MAX_BYTES)
    whole = header + body + struct.pack(">ih", 1, len(name)) + name + struct.pack(">i", 1) + wanted
    return struct.pack(">i", len(whole)) + whole


def _answer(data: bytes) -> tuple[int, bytes]:
    """Return the high watermark and the record batches of the one partition that was asked for."""
    at = 4 + 4 + 4  # correlation id, throttle time, number of topics
    (name_length,) = struct.unpack_from(">h", data, at)
    at += 2 + name_length + 4  # the name, number of partitions
    _, error, high_watermark, _, aborted = struct.unpack_from(">ihqqi", data, at)
    if error:
        raise OSError(f"the broker answers with error code {error}")
    at += 26 + max(aborted, 0) * 16
    (size,) = struct.unpack_from(">i", data, at)
    return high_watermark, data[at + 4 : at + 4 + max(size, 0)]


def _parse(data: bytes) -> list[disk.Batch]:
    with tempfile.TemporaryDirectory(prefix="kafka-forge-wire-") as room:
        segment = Path(room) / "fetched.log"
        segment.write_bytes(data)
        return list(disk.read_segment(segment))
