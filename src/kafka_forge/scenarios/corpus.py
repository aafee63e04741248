"""The messages of a round trip: the same on both sides, from a seed.

Standard library only: this file is imported by the toolkit and by the scenarios inside the fresh environment
(CPython 3.11 to 3.14), and must give the same bytes in each.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTITIONS = 3
"""Every topic of a round trip has this many."""
SMALL = 240
"""How many messages a topic gets besides the large ones."""
LARGE = 900 * 1024
"""Bytes of the large value: below the 1 MB that brokers and clients take by default (`message.max.bytes`)."""
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
"""The record batch codecs, as Kafka's `compression.type` spells them."""
LOOP_CASES = ("cancel", "close", "heartbeat", "left-over")
"""What is tried with a client's asyncio interface beside the round trip, in this order."""
MEMBERS = ("moving", "static")
"""The consumer groups that are watched: of members that come and go, and of static ones (KIP-345)."""
ROUND = 10
"""Messages that each partition of such a group's topic gets whenever the membership has changed."""
TRANSACTIONS = ("committed", "aborted", "offsets", "fenced", "replaced")
"""What is tried with transactions (KIP-98), each with a topic of its own."""
SOURCE = "source"
"""One topic more for `offsets`: its messages are read, and written again in transactions."""
SHARE_CASES = ("shared", "answered", "limited", "lapsed")
"""What is tried with share groups (KIP-932), each with a topic of one partition and a group of its own."""
ANSWERS = ("accept", "release", "reject")
"""The answers that a share group's member can give, in the order in which the messages of `answered` get theirs."""
SHARERS = 3
"""Members that hold messages of one partition at the same time; each gets some of at most as many times `ROUND`."""
SHARED = 150
"""Messages that they take together afterwards, as fast as they can."""
DASK_CASES = ("bytes", "json", "avro", "killed", "again")
"""What is tried with a Dask cluster, in this order; the last two belong together."""
STREAMZ_CASES = ("first", "kept", "after", "failed", "markers", "ordered", "settings", "dask", "dask-after")
"""What is tried with streamz's sources, in this order."""

_WORDS = (
    b"broker consumer offset partition replica leader follower segment index batch record header timestamp "
    b"commit group coordinator rebalance quorum controller log retention"
).split()
_SPREAD = 1_800_000

Record = dict[str, Any]
"""One message as evidence: partition, offset, key (hex), length, sha256, headers, timestamp (milliseconds)."""


class Message(NamedTuple):
    """One message to be sent.

    Attributes:
        partition: where it goes.
        key: its key; None and empty are different.
        value: its value; None is a tombstone.
        headers: names and values, in order; names may repeat, values may be empty. (None is left out: of the clients
            here, kafka-python has no way to send it.)
        timestamp: milliseconds since 1970.
    """

    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int


def topic_seed(seed: str, codec: str) -> str:
    """Return the seed of the topic that holds a codec's messages: no two topics hold the same."""
    return f"{seed}/{codec}"


def messages(seed: str, start: int) -> list[Message]:
    """Return the messages of one topic, in the order in which they are sent.

    Args:
        seed: anything; the same seed gives the same messages, another one gives others.
        start: the earliest timestamp, milliseconds since 1970. It must lie within the last days, or the broker's
            retention may take the messages away; all lie in the half hour after it, and not in order.
    """
    rng = random.Random(seed)
    made = [_message(rng, number, start) for number in range(SMALL)]
    middle = SMALL // 2
    made.insert(middle, _plain(0, b"large", _text(rng, LARGE), start))
    made.insert(middle + 1, _plain(1, b"incompressible", rng.randbytes(64 * 1024), start + 1))
    return made


def loop_message(number: int, start: int) -> Message:
    """Return one of the small messages that pass through an asyncio loop; ``start`` as `messages` has it."""
    return Message(0, b"%d" % number, b"message %d of a loop" % number, (), start)


def expected_counts(sent: list[Message]) -> dict[int, int]:
    """Return how many of these messages each partition gets."""
    return {partition: sum(m.partition == partition for m in sent) for partition in range(PARTITIONS)}


def record(
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    timestamp: int | None,
) -> Record:
    """Return one message as evidence; a value's bytes are told by length and sha256, None by nulls."""
    return {
        "partition": partition,
        "offset": offset,
        "key": None if key is None else key.hex(),
        "length": None if value is None else len(value),
        "sha256": None if value is None else hashlib.sha256(value).hexdigest(),
        "headers": [[name, None if content is None else content.hex()] for name, content in headers],
        "timestamp": timestamp,
    }


def expected_records(sent: list[Message]) -> list[Record]:
    """Return what a topic must hold that got exactly these messages, in this order."""
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    records = []
    for m in sent:
        records.append(record(m.partition, offsets[m.partition], m.key, m.value, m.headers, m.timestamp))
        offsets[m.partition] += 1
    return records


def _plain(partition: int, key: bytes, value: bytes, timestamp: int) -> Message:
    return Message(partition, key, value, (), timestamp)


def _message(rng: random.Random, number: int, start: int) -> Message:
    timestamp = start + (number * 7919_000) % _SPREAD
    key, value = _key(rng, number), _value(rng, number)
    if key is None and value is None:
        value = b""  # a tombstone without a key means nothing, and not every client sends one
    return Message(number % PARTITIONS, key, value, _headers(rng, number), timestamp)


def _key(rng: random.Random, number: int) -> bytes | None:
    kind = number % 7
    if kind == 0:
        return None
    if kind == 1:
        return b""
    return rng.randbytes(8) if kind == 2 else b"key-%d" % (number // 4)


def _value(rng: random.Random, number: int) -> bytes | None:
    kind = number % 11
    if kind == 0:
        return b""
    if kind == 1:
        return None
    return rng.randbytes(1 + number % 64) if kind < 4 else _text(rng, 200 + 16 * (number % 100))


def _headers(rng: random.Random, number: int) -> tuple[tuple[str, bytes], ...]:
    kind = number % 5
    if kind == 1:
        return (("trace", b"%d" % number),)
    if kind == 2:
        return (("trace", b"1"), ("other", b""), ("trace", b"2"))
    if kind == 3:
        return (("binary", rng.randbytes(24)), ("größe", b"\x00"))
    return ()


def _text(rng: random.Random, length: int) -> bytes:
    """Return text that compresses as prose does: words at random, from a block that repeats with its number."""
    size = min(length, 8192)
    words = [_WORDS[rng.getrandbits(16) % len(_WORDS)] for _ in range(size // 6 + 1)]
    block = b" ".join(words)[:size]
    blocks = [b"%08d " % number + block for number in range(length // (len(block) + 9) + 1)]
    return b"".join(blocks)[:length]
