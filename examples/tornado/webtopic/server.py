"""The server: what its addresses share, how it looks after the broker, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tornado.httpserver
import tornado.netutil
import tornado.web

from webtopic import fault
from webtopic.fault import Fault
from webtopic.handlers import Health, Messages, Nothing, Page, Static
from webtopic.sending import Sending
from webtopic.stream import Stream

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence

    from webtopic.kafka import Kafka

_STATIC = Path(__file__).parent / "static"
_PATIENCE = 10.0
"""Seconds for a broker to answer, before browsers are told that it is away."""
_LOOK_EVERY = 2.0
_PING = 20
"""Seconds between two pings, and for an answer: a browser that is gone is noticed, one that is slow answers."""


@dataclass(frozen=True)
class Settings:
    """What the server was started with.

    Attributes:
        topics: those that it serves, and no other.
        client: its name, for the page.
        hosts: what it may be called in an address.
        browsers: how many may be connected.
        queue: how many messages may be on their way to Kafka.
        largest: bytes of a message.
        patience: seconds for which a message is tried.
    """

    topics: Sequence[str]
    client: str
    hosts: frozenset[str]
    browsers: int
    queue: int
    largest: int
    patience: float


class Server:
    """All that its handlers share."""

    def __init__(self, kafka: Kafka, settings: Settings) -> None:
        self.kafka = kafka
        self.client = settings.client
        self.topics = settings.topics
        self.hosts = settings.hosts
        self.most_browsers = settings.browsers
        self.largest = settings.largest
        self.largest_request = 6 * settings.largest + 1024  # JSON may have six bytes for one: \u0000
        self.sending = Sending(kafka, most=settings.queue, largest=settings.largest, patience=settings.patience)
        self.browsers: set[Stream] = set()
        self.away: Fault | None = None
        self.is_ending = False
        self._leaving: set[asyncio.Task[None]] = set()

    def served(self, topic: str) -> str:
        """Return the topic.

        Raises:
            Fault: it is not served here.
        """
        if topic not in self.topics:
            raise Fault(fault.NOT_SERVED, f"this server does not serve a topic {topic!r}")
        return topic

    def expect_broker(self) -> None:
        """Do nothing where a broker answers; else clients would look for one for a while.

        Raises:
            Fault: none does.
        """
        if self.away is not None:
            raise Fault(self.away.kind, self.away.what)

    def leave(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Remember what a browser has left behind until it has ended."""
        for task in tasks:
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def run(self, sockets: Sequence[socket.socket], ending: asyncio.Event) -> None:
        """Serve until it is to end; then take no more, write what was taken, say goodbye, and leave nothing."""
        application = tornado.web.Application(
            [
                ("/", Page),
                ("/health", Health),
                ("/topics/([^/]+)/messages", Messages),
                ("/topics/([^/]+)/stream", Stream),
                ("/static/(.*)", Static, {"path": str(_STATIC)}),
            ],
            default_handler_class=Nothing,
            server=self,
            template_path=str(_STATIC),
            websocket_ping_interval=_PING,
            websocket_ping_timeout=_PING,
            websocket_max_message_size=self.largest_request,
        )
        listening = tornado.httpserver.HTTPServer(application)
        listening.add_sockets(sockets)
        looking = asyncio.ensure_future(self._look_after_broker())
        try:
            await ending.wait()
        finally:
            self.is_ending = True
            listening.stop()
            looking.cancel()
            await asyncio.wait([looking])
            await self.sending.end()
            for browser in tuple(self.browsers):
                browser.end(Fault(fault.ENDING, "the server ends"))
            while self.browsers or self._leaving:  # a browser has five seconds to say goodbye (Tornado's)
                await asyncio.sleep(0.05)
            await listening.close_all_connections()
            await self.kafka.stop()

    async def _look_after_broker(self) -> None:
        """Tell browsers when no broker answers, and when one does again."""
        while True:
            asking = asyncio.ensure_future(self.kafka.look())
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            answered, _ = await asyncio.wait([asking], timeout=_PATIENCE)
            if not answered:
                self._found(Fault(fault.BROKER_AWAY, f"no broker has answered for {_PATIENCE:g} s"))
                await asyncio.wait([asking])
            away = None
            with contextlib.suppress(asyncio.CancelledError):
                error = asking.exception()
                away = error if error is None or isinstance(error, Fault) else Fault(fault.BROKER_AWAY, repr(error))
            self._found(away)
            await asyncio.sleep(_LOOK_EVERY)

    def _found(self, away: Fault | None) -> None:
        before, self.away = self.away, away
        if (before is None) != (away is None):
            told: dict[str, object] = {"state": "there"} if away is None else {"state": "away", **away.as_json()}
            for browser in self.browsers:
                browser.hint({"type": "broker", **told})
