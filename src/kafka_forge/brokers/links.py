"""The links between clients and a cluster: a loopback proxy before each broker, which can be cut, stopped and slowed.

A cluster that is started ``linked`` tells clients the links' ports, so whatever they do goes through here. The requests
are seen as such ("The Kafka Protocol Guide": a length, then API key, version and correlation id), so a link can break
just before a request reaches the broker, or just after the broker has answered it: the two cases that a client cannot
tell apart. Nothing is ever made up: a refusal on purpose is the answer of a real broker that does not lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from kafka_forge.brokers.cluster import Cluster, Member

_T = TypeVar("_T")

PRODUCE = 0
"""The API key of Produce."""
OFFSET_FETCH = 9
"""The API key of OffsetFetch."""
_HEADER = struct.Struct(">hhi")
_CALL_SECONDS = 30.0
_SECONDS = 10.0
_REFUSAL_SECONDS = 0.05
"""For so long a refusal is held back: clients that have several requests in flight have sent the next ones then."""
_RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: what is closed is reset, and what was not sent yet is lost."""


@dataclass(slots=True, eq=False)
class _Connection:
    """One client's connection and the one behind it, with what is to happen to it.

    Attributes:
        cut_before: API keys: the next such request is not forwarded, and the connection is reset.
        cut_after: API keys: the next such request is forwarded, and the connection reset in place of its answer.
        refused: API key → how many such requests go to a broker that does not lead.
    """

    link: Link
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    broker: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    cut_before: set[int] = field(default_factory=set)
    cut_after: set[int] = field(default_factory=set)
    refused: dict[int, int] = field(default_factory=dict)
    doomed: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        for _, writer in (self.client, self.broker):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def requests(self) -> None:
        """Hand on what the client sends, request by request."""
        while True:
            frame, api, correlation = await _frame(self.client[0], request=True)
            await self.link.open.wait()
            if api in self.cut_before:
                self.link.happened("cut-before")
                self.reset()
                return
            if self.refused.get(api) and await self._refuse(api, frame):
                continue
            if api in self.cut_after:
                self.cut_after.discard(api)
                self.doomed.add(correlation)
            self.waiting.add(correlation)
            await _write(self.broker[1], frame)

    async def answers(self) -> None:
        """Hand on what the broker answers."""
        while True:
            frame, _, correlation = await _frame(self.broker[0], request=False)
            if correlation in self.doomed:
                self.link.happened("cut-after")
                self.reset()
                return
            await self._answer(frame)
            self.waiting.discard(correlation)
            self.answered.set()

    async def _refuse(self, api: int, frame: bytes) -> bool:
        """Have another broker answer, which does not lead and says so; False where none is there to ask."""
        self.refused[api] -= 1
        answer = await self.link.elsewhere(frame)
        if answer is None:
            return False
        while self.waiting:  # clients expect the answers in the order of their requests
            self.answered.clear()
            await asyncio.wait_for(self.answered.wait(), _SECONDS)
        self.link.happened("refuse-first")
        await asyncio.sleep(_REFUSAL_SECONDS)
        await self._answer(answer)
        return True

    async def _answer(self, frame: bytes) -> None:
        if self.link.delay:
            await asyncio.sleep(self.link.delay)
        await self.link.open.wait()
        await _write(self.client[1], frame)


class Link:
    """The proxy before one broker; all of it runs on its `Links`' thread."""

    def __init__(self, member: Member, others: Iterable[Member], happened: Callable[[str], None]) -> None:
        self.member = member
        self.others = tuple(others)
        self.happened = happened
        self.connections: set[_Connection] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.delay = 0.0
        self.refused: dict[int, int] = {}
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Accept connections; nothing happens where it does already."""
        if self._server is None:
            host, port = _address(self.member.advertised)
            self._server = await asyncio.start_server(self._serve, host, port, reuse_address=True)

    async def shut(self) -> None:
        """Accept none any more, as the port of a program that has ended, and reset those that stand."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.reset()

    def reset(self) -> None:
        """Reset every connection."""
        for each in list(self.connections):
            each.reset()

    async def elsewhere(self, frame: bytes) -> bytes | None:
        """Return the answer of another broker to a request; None where none answers."""
        for other in self.others:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                reader, writer = await asyncio.open_connection(*_address(other.address))
                try:
                    writer.write(frame)
                    answer, _, _ = await asyncio.wait_for(_frame(reader, request=False), _SECONDS)
                    return answer
                finally:
                    writer.transport.abort()
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.broken:
            writer.transport.abort()
            return
        try:
            behind = await asyncio.open_connection(*_address(self.member.address))
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, (reader, writer), behind, refused=dict(self.refused))
        self.connections.add(connection)
        pumps = [asyncio.ensure_future(connection.requests()), asyncio.ensure_future(connection.answers())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.connections.discard(connection)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for _, side in (connection.client, connection.broker):
                side.close()


class Links(contextlib.AbstractContextManager["Links"]):
    """All links of a cluster, on a thread of their own; as a context they are taken away at its end.

    Args:
        cluster: one that was started ``linked``. Its brokers' listener for clients must be a plain one: within TLS,
            requests cannot be told.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._counts: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        self._links = self._do(self._make(cluster))

    async def _make(self, cluster: Cluster) -> dict[int, Link]:
        links = {
            member.node: Link(member, [each for each in cluster.brokers if each is not member], self._count)
            for member in cluster.brokers
        }
        for link in links.values():
            await link.listen()
        return links

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Reset every connection and listen no more; may be called again."""
        if self._thread.is_alive():
            self._do(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CALL_SECONDS)
            self._loop.close()

    async def _end(self) -> None:
        for link in self._links.values():
            link.open.set()
            await link.shut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:  # each connection's task ends with its connection
            await asyncio.wait(others, timeout=_CALL_SECONDS / 2)

    @property
    def counts(self) -> dict[str, int]:
        """What happened so far: ``cut-before``, ``cut-after``, ``refuse-first`` → how many requests it met."""
        return dict(self._counts)

    def shut(self, node: int) -> None:
        """Refuse connections to a broker, as its own port does when it has ended."""
        self._do(self._links[node].shut())

    def open(self, node: int) -> None:
        """Accept connections to a broker again."""
        self._do(self._links[node].listen())

    def cut(self) -> None:
        """Reset every connection, and every new one, until `mend`."""
        self._change(_cut)

    def hang(self) -> None:
        """Hand on nothing more, either way, until `mend`: connections stand, new ones too, and nobody answers."""
        self._change(lambda link: link.open.clear())

    def half_close(self) -> None:
        """Tell clients on every connection that the broker sends no more (FIN), while it still listens."""
        self._change(_half_close)

    def slow(self, seconds: float) -> None:
        """Hold every answer back for so long, until `mend`."""
        self._change(lambda link: setattr(link, "delay", seconds))

    def cut_before(self, api: int = PRODUCE) -> None:
        """Reset each connection that stands in place of its next such request: the broker never sees it."""
        self._change(lambda link: _arm((each.cut_before for each in link.connections), api))

    def cut_after(self, api: int = PRODUCE) -> None:
        """Reset each connection that stands in place of the answer to its next such request: the broker has it."""
        self._change(lambda link: _arm((each.cut_after for each in link.connections), api))

    def refuse_first(self, count: int = 1, api: int = PRODUCE) -> None:
        """Have the first ``count`` such requests of each connection, old or new, refused by one that leads not.

        The answer is a real broker's: to produce, NOT_LEADER_OR_FOLLOWER (error 6) from one that has but a copy; to
        what a group's coordinator is asked, NOT_COORDINATOR (error 16) from another one. It lasts until `mend`.
        """

        def arm(link: Link) -> None:
            link.refused = {api: count}
            for each in link.connections:
                each.refused = {api: count}

        self._change(arm)

    def mend(self) -> None:
        """Hand on everything as it comes, to every broker that listens."""

        def mended(link: Link) -> None:
            link.broken, link.delay, link.refused = False, 0.0, {}
            link.open.set()
            for each in link.connections:
                each.cut_before.clear()
                each.cut_after.clear()
                each.refused = {}

        self._change(mended)

    def _count(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1

    def _change(self, work: Callable[[Link], object]) -> None:
        async def all_of_them() -> None:
            for link in self._links.values():
                work(link)

        self._do(all_of_them())

    def _do(self, work: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_SECONDS)


def _arm(targets: Iterable[set[int]], api: int) -> None:
    for target in targets:
        target.add(api)


def _cut(link: Link) -> None:
    link.broken = True
    link.reset()


def _half_close(link: Link) -> None:
    for each in link.connections:
        with contextlib.suppress(OSError):
            each.client[1].write_eof()


async def _frame(reader: asyncio.StreamReader, *, request: bool) -> tuple[bytes, int, int]:
    """Return the next message with its length in front, its API key (-1 of an answer) and its correlation id."""
    head = await reader.readexactly(4)
    body = await reader.readexactly(int.from_bytes(head, "big"))
    if request:
        api, _, correlation = _HEADER.unpack_from(body)
        return head + body, api, correlation
    return head + body, -1, int.from_bytes(body[:4], "big", signed=True)


async def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(frame)
    await writer.drain()


def _address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
