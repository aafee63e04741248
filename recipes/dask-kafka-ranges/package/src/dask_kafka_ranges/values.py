"""Plain values: what tasks are made of, and what they give. All of them can be pickled."""

from __future__ import annotations

from typing import Any, NamedTuple


class OffsetRange(NamedTuple):
    """A part of a partition: from ``start`` up to, and without, ``end``.

    Not every offset has a message: markers of transactions take one, and compaction leaves gaps.
    """

    topic: str
    partition: int
    start: int
    end: int


class Record(NamedTuple):
    """A message as it was read.

    Attributes:
        timestamp: milliseconds since 1970 (UTC), or None where the message has none.
        key, value: decoded; None is Kafka's null (a value that is null is a tombstone), which no codec changes.
        headers: name and value of each, in order.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: Any
    value: Any
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Outgoing(NamedTuple):
    """A message to be written, where there is more to it than a value.

    Attributes:
        partition: the partition of the topic; None leaves it to the partitioner, which goes by the key.
        timestamp: milliseconds since 1970 (UTC); None is now.
    """

    value: Any
    key: Any = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None
    partition: int | None = None


class Written(NamedTuple):
    """What became of one part of a collection.

    Attributes:
        range: what it was made from; None where no checkpoint was asked for.
        messages: how many were written now.
        skipped: whether its transaction had been committed before, so that nothing was written now.
    """

    range: OffsetRange | None
    messages: int
    skipped: bool
