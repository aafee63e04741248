"""Messages on their way to Kafka: bounded in number and bytes, and never written twice for the same id."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from webtopic import fault
from webtopic.fault import Fault

if TYPE_CHECKING:
    from webtopic.kafka import Kafka, Place

_REMEMBERED = 10_000
"""Ids of messages that were written; a browser asks again for its last ones only."""
_BYTES = 32 * 1024 * 1024
"""Of all that is on its way."""


class Sending:
    """What takes messages from browsers and programs, and hands them to Kafka in the order in which they come."""

    def __init__(self, kafka: Kafka, *, most: int, largest: int, patience: float) -> None:
        """Take no more than `most` messages, each of `largest` bytes at most; wait `patience` seconds for each."""
        self._kafka = kafka
        self._most = most
        self._largest = largest
        self._patience = patience
        self._bytes = 0
        self._under_way: set[asyncio.Task[Place]] = set()
        self._known: OrderedDict[tuple[str, str], asyncio.Task[Place]] = OrderedDict()
        self._ending = False

    async def send(self, topic: str, value: bytes | None, key: bytes | None, id: str | None) -> Place:  # noqa: A002
        """Write a message, and return where it stands.

        A message of an id that was written, or is being so, is not written again. If this is cancelled, the message
        is written all the same.

        Raises:
            Fault: it was not written; or perhaps (`Fault.unsure`), where no broker answered in time.
        """
        known = None if id is None else self._known.get((topic, id))
        task = known or self._begin(topic, value, key, id)
        await asyncio.wait([task], timeout=self._patience + 1)  # with it, the client's own word comes first
        if not task.done():
            raise Fault(fault.BROKER_AWAY, f"no broker has answered for {self._patience:g} s", unsure=True)
        return task.result()

    def _begin(self, topic: str, value: bytes | None, key: bytes | None, id: str | None) -> asyncio.Task[Place]:  # noqa: A002
        size = len(value or b"") + len(key or b"")
        if self._ending:
            raise Fault(fault.ENDING, "the server ends")
        if size > self._largest:
            raise Fault(fault.TOO_LARGE, f"the message has {size} bytes; this server takes {self._largest}")
        if len(self._under_way) >= self._most or self._bytes + size > _BYTES:
            raise Fault(fault.BUFFER_FULL, f"{len(self._under_way)} messages are on their way to Kafka")
        task = asyncio.ensure_future(self._write(topic, value, key, id))
        self._under_way.add(task)
        self._bytes += size
        task.add_done_callback(lambda _: self._settled(task, size, (topic, id)))
        if id is not None:
            self._known[topic, id] = task
        return task

    async def _write(self, topic: str, value: bytes | None, key: bytes | None, id: str | None) -> Place:  # noqa: A002
        return await (await self._kafka.topic(topic)).produce(value, key, id)

    def _settled(self, task: asyncio.Task[Place], size: int, known: tuple[str, str | None]) -> None:
        self._under_way.discard(task)
        self._bytes -= size
        name, id = known  # noqa: A001
        if id is not None and (task.cancelled() or task.exception() is not None):
            self._known.pop((name, id), None)  # it may be tried again
        while len(self._known) > _REMEMBERED + len(self._under_way):
            self._known.popitem(last=False)

    def as_json(self) -> dict[str, object]:
        """Return how much is on its way, and the bound."""
        return {"messages": len(self._under_way), "most": self._most, "bytes": self._bytes}

    async def end(self) -> None:
        """Take no more, and wait for what is on its way."""
        self._ending = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._patience + 1)
        for task in self._under_way:
            task.cancel()
