"""``/topics/TOPIC/stream``: the WebSocket of a browser, which reads a topic and sends messages through it.

Frames are JSON objects with a ``type``. The browser begins with ``resume``, acknowledges frames by ``ack`` and sends
messages by ``send``; it gets ``hello``, ``messages``, ``sent``, ``error`` and ``broker``. README.md has them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

import tornado.websocket

from webtopic import fault
from webtopic.fault import Fault
from webtopic.feed import Feed
from webtopic.handlers import Faults, message_of, parsed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from webtopic.kafka import Reader

log = logging.getLogger(__name__)

SENDS = 100
"""Messages that one browser may have under way."""


class Stream(Faults, tornado.websocket.WebSocketHandler):
    """One browser's."""

    def initialize(self) -> None:
        """Begin with nothing under way."""
        self._feed: Feed | None = None
        self._reading: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sends = 0
        self._topic = ""

    async def get(self, *arguments: Any, **named: Any) -> None:
        """Begin, unless it is no WebSocket that is asked for."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise Fault(fault.MALFORMED, "this address is a WebSocket's")
        await super().get(*arguments, **named)

    def check_origin(self, origin: str) -> bool:
        """Refuse pages of others, as Tornado does, in our words."""
        if not super().check_origin(origin):
            raise Fault(fault.HOST, f"a page of {origin} may not connect here")
        return True

    def open(self, *arguments: str, **_: str) -> None:
        """Take the browser in, unless there are too many."""
        (self._topic,) = arguments
        if self.server.is_ending:
            self.end(Fault(fault.ENDING, "the server ends"))
        elif len(self.server.browsers) >= self.server.most_browsers:
            self.end(Fault(fault.BUSY, f"{len(self.server.browsers)} browsers are connected"))
        else:
            self.server.browsers.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Take a frame; Tornado reads the next one when this returns, so nothing waits here."""
        try:
            self._take(parsed(message))
        except Fault as error:
            self.end(error)

    def _take(self, frame: dict[str, Any]) -> None:
        kind = frame.get("type")
        if kind == "resume":
            if self._reading is not None:
                raise Fault(fault.MALFORMED, "it has been said where to read from")
            self._reading = self._begin(self._read(_wanted(frame)))
        elif kind == "ack" and type(frame.get("frame")) is int and self._feed is not None:
            self._feed.window.acknowledge(frame["frame"])
        elif kind == "send" and isinstance(frame.get("id"), str):
            self._begin(self._send(frame))
        else:
            raise Fault(fault.MALFORMED, f"this frame cannot be understood: {json.dumps(frame)[:100]}")

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self, wanted: Mapping[int, int] | str) -> None:
        reader: Reader | None = None
        try:
            self.server.expect_broker()
            topic = await self.server.kafka.topic(self.server.served(self._topic))
            self._feed = Feed(topic, self.tell)
            reader, ends, lost = await self._feed.open(wanted)
            await self.tell({"type": "hello", **self._hello(self._feed.offsets, ends)})
            for each in lost:
                await self.tell({"type": "error", **each.as_json()})
            await self._feed.run(reader)
        except tornado.websocket.WebSocketClosedError:
            pass
        except Fault as error:
            self.end(error)
        except Exception:
            log.exception("a browser's stream of %s ends", self._topic)
            self.end(Fault(fault.FAILED, "something went wrong in the server"))
        finally:
            if reader is not None:
                await reader.stop()

    def _hello(self, offsets: Mapping[int, int], ends: Mapping[int, int]) -> dict[str, object]:
        return {
            "topic": self._topic,
            "client": self.server.client,
            "offsets": offsets,
            "ends": ends,
            "sends": SENDS,
            "largest": self.server.largest,
        }

    async def _send(self, frame: dict[str, Any]) -> None:
        """Write a message; a fault is this message's own, and the stream goes on."""
        self._sends += 1
        try:
            self._look_at_room()
            place = await self.server.sending.send(self.server.served(self._topic), *message_of(frame))
            told: dict[str, object] = {"type": "sent", "partition": place.partition, "offset": place.offset}
        except Fault as error:
            told = {"type": "error", **error.as_json()}
        except Exception:
            log.exception("a message for %s", self._topic)
            told = {"type": "error", **Fault(fault.FAILED, "something went wrong", unsure=True).as_json()}
        finally:
            self._sends -= 1
        await self._tell_quietly({**told, "id": frame["id"]})

    def _look_at_room(self) -> None:
        if self._sends > SENDS:
            raise Fault(fault.BUFFER_FULL, f"this browser has {SENDS} messages under way")

    def hint(self, frame: dict[str, object]) -> None:
        """Send a frame, and do not wait for that."""
        self._begin(self._tell_quietly(frame))

    async def _tell_quietly(self, frame: dict[str, object]) -> None:
        with contextlib.suppress(tornado.websocket.WebSocketClosedError):
            await self.tell(frame)

    async def tell(self, frame: dict[str, object]) -> None:
        """Send a frame, and return when the socket has taken it."""
        await self.write_message(json.dumps(frame))

    def end(self, error: Fault) -> None:
        """Say what is wrong, and close."""
        log.info("%s: %s", self.request.path, error)
        with contextlib.suppress(tornado.websocket.WebSocketClosedError):
            told = self.write_message(json.dumps({"type": "error", **error.as_json()}))
            told.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.close(error.kind.close, error.kind.code)

    def on_close(self) -> None:
        """End what was for this browser; what it has sent is written all the same."""
        self.server.browsers.discard(self)
        if self._reading is not None:
            self._reading.cancel()
        self.server.leave(self._tasks)

    def as_json(self) -> dict[str, object]:
        """Return what is under way to it and from it."""
        window = self._feed.window if self._feed else None
        return {
            "topic": self._topic,
            "unacknowledged": window.messages if window else 0,
            "bytes": window.bytes if window else 0,
            "most_bytes": window.most_bytes if window else 0,
            "sends": self._sends,
        }


def _wanted(frame: dict[str, Any]) -> Mapping[int, int] | str:
    """Return where a browser wants to read from.

    Raises:
        Fault: it does not say so.
    """
    place, offsets = frame.get("from"), frame.get("offsets")
    if offsets is None and place in {"start", "end"}:
        return str(place)
    if (
        place is None
        and isinstance(offsets, dict)
        and all(type(each) is int and each >= 0 for each in offsets.values())
    ):
        with contextlib.suppress(ValueError):
            return {int(partition): offset for partition, offset in offsets.items()}
    raise Fault(fault.MALFORMED, 'resume has either "offsets", by partition, or "from": "start" or "end"')
