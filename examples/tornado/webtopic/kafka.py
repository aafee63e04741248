"""What the server asks of a client of Kafka; `with_pykafka` and `with_confluent` have it, one for each client."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ID = "webtopic-id"
"""The header by which whoever sent a message knows it when it comes back."""
READ_AHEAD = 100
"""Messages that a browser's consumer fetches before they are asked for, so that memory is bounded."""
READ_AHEAD_BYTES = 128 * 1024
"""Bytes that it fetches of a partition at a time: a larger message comes alone."""


@dataclass(frozen=True)
class Record:
    """A message that was read.

    Attributes:
        partition, offset: where it stands.
        timestamp: milliseconds since 1970, or None.
        key, value: its bytes; a value of None is a deletion in a compacted topic.
        id: what its sender called it, or None.
    """

    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    id: str | None

    @property
    def size(self) -> int:
        """Its bytes, about as many as it takes on its way to a browser."""
        return len(self.key or b"") + len(self.value or b"") + 100

    def as_json(self) -> dict[str, object]:
        """Return it for a browser: bytes that are no UTF-8 as ``{"base64": …}``."""
        place: dict[str, object] = {"partition": self.partition, "offset": self.offset, "time": self.timestamp}
        return {**place, "key": _text(self.key), "value": _text(self.value), "id": self.id}


def _text(data: bytes | None) -> str | dict[str, str] | None:
    if data is None:
        return None
    with contextlib.suppress(UnicodeDecodeError):
        return data.decode()
    return {"base64": base64.b64encode(data).decode()}


@dataclass(frozen=True)
class Place:
    """Where a message was written."""

    partition: int
    offset: int


@dataclass(frozen=True)
class Bounds:
    """What a partition has: offsets from `low` on, and `high` is the next one's."""

    low: int
    high: int


class Reader(Protocol):
    """A consumer of one topic for one browser, from given offsets on."""

    async def read(self, most: int) -> Sequence[Record]:
        """Wait for messages, and return some, `most` at most; whoever cancels it stops it next.

        Raises:
            Fault: it cannot go on.
        """

    async def stop(self) -> None:
        """End it."""


class Topic(Protocol):
    """A topic that there is."""

    async def bounds(self) -> Mapping[int, Bounds]:
        """Return what each partition has.

        Raises:
            Fault: no broker answers.
        """

    async def produce(self, value: bytes | None, key: bytes | None, id: str | None) -> Place:  # noqa: A002
        """Write a message, and return when it is acknowledged by all replicas that are in sync.

        Raises:
            Fault: it was not, in the seconds of patience.
        """

    async def reader(self, offsets: Mapping[int, int]) -> Reader:
        """Begin to read each partition at an offset.

        Raises:
            Fault: no broker answers.
        """


class Kafka(Protocol):
    """A client of Kafka."""

    async def topic(self, name: str) -> Topic:
        """Return a topic, which is never created by that.

        Raises:
            Fault: there is none, or no broker answers.
        """

    async def look(self) -> None:
        """Ask a broker for anything.

        Raises:
            Fault: none answers.
        """

    async def stop(self) -> None:
        """Send what is queued, and end everything."""
