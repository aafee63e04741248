"""The addresses of the server: messages by POST, its health, its page; what is wrong is told as JSON."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import tornado.web

from webtopic import fault
from webtopic.fault import Fault

if TYPE_CHECKING:
    from webtopic.server import Server

log = logging.getLogger(__name__)

_READ = 64 * 1024 * 1024
"""Bytes of a body that are read, though they are not kept, so that whoever sends too much reads why."""


class Faults(tornado.web.RequestHandler):
    """Answers with JSON what goes wrong in it, and refuses hosts that the server was not started for."""

    @property
    def server(self) -> Server:
        """What all share."""
        shared: Server = self.settings["server"]
        return shared

    def prepare(self) -> None:
        """Refuse other hosts: a name of somebody else's that leads here would make his page one of ours."""
        host = self.request.host_name
        if host not in self.server.hosts:
            raise Fault(fault.HOST, f"this server is not called {host}")

    def set_default_headers(self) -> None:
        """Say that nothing is to be kept."""
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **details: Any) -> None:
        """Answer with code, what and next."""
        error = details.get("exc_info", (None, None))[1]
        told = error if isinstance(error, Fault) else _of_tornado(status_code, error, self.request.method)
        self.set_status(told.kind.status)
        if told.kind.status == fault.BROKER_AWAY.status:
            self.set_header("Retry-After", "1")
        self.finish(told.as_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is nobody's fault but ours."""
        if isinstance(value, Fault):
            log.info("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)


def _of_tornado(status: int, error: object, method: str | None) -> Fault:
    """Tell what Tornado itself found wrong."""
    if status == fault.METHOD.status:
        return Fault(fault.METHOD, f"{method} is not for this address")
    if status in {fault.NOT_FOUND.status, fault.HOST.status}:  # a file outside of the folder, say
        return Fault(fault.NOT_FOUND, "there is nothing at this address")
    if isinstance(error, tornado.web.HTTPError) and status < fault.FAILED.status:
        return Fault(fault.MALFORMED, str(error))
    return Fault(fault.FAILED, "something went wrong in the server")


class Nothing(Faults):
    """Any other address."""

    def prepare(self) -> None:
        """Say so."""
        super().prepare()
        raise Fault(fault.NOT_FOUND, "there is nothing at this address")


@tornado.web.stream_request_body
class Messages(Faults):
    """``POST /topics/TOPIC/messages``: ``{"value": …, "key": …, "id": …}``; answers where the message was written."""

    def prepare(self) -> None:
        """Look at the head of the request, before its body comes."""
        self._body = bytearray()
        self._size = 0
        connection: Any = self.request.connection
        connection.set_max_body_size(_READ)  # else Tornado ends the connection of who sends more, and nobody reads why
        super().prepare()
        if self.request.method == "POST":
            kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            # also what keeps pages of others from posting here: a browser asks before it sends this type elsewhere
            if kind != "application/json":
                raise Fault(fault.MEDIA_TYPE, f"the request says that it is {kind or 'of no type'}")
            length = self.request.headers.get("Content-Length", "")
            if length.isdecimal() and int(length) > _READ:
                raise self._too_large(length)

    def data_received(self, chunk: bytes) -> None:
        """Keep what is not too much; the rest is counted."""
        self._size += len(chunk)
        if self._size <= self.server.largest_request:
            self._body += chunk

    def _too_large(self, size: object) -> Fault:
        return Fault(fault.TOO_LARGE, f"the request has {size} bytes; {self.server.largest_request} are taken")

    async def post(self, topic: str) -> None:
        """Write a message, and answer when Kafka has it."""
        if self._size > self.server.largest_request:
            raise self._too_large(self._size)
        message = parsed(bytes(self._body))
        place = await self.server.sending.send(self.server.served(topic), *message_of(message))
        self.set_status(201)
        self.finish({"partition": place.partition, "offset": place.offset})


class Health(Faults):
    """``GET /health``: whether a broker answers, and what is under way."""

    def get(self) -> None:
        """Answer 200, or 503 where no broker answers."""
        away = self.server.away
        if away is not None:
            self.set_status(away.kind.status)
        broker = {"state": "there"} if away is None else {"state": "away", **away.as_json()}
        browsers = [each.as_json() for each in self.server.browsers]
        self.finish({"broker": broker, "sending": self.server.sending.as_json(), "browsers": browsers})


class Page(Faults):
    """``GET /``: the page."""

    def get(self) -> None:
        """Answer with it; it is told which topics there are."""
        # no script but ours runs, whatever is in a message
        self.set_header("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'")
        self.render("index.html", topics=self.server.topics)


class Static(Faults, tornado.web.StaticFileHandler):
    """The page's script and style."""


def parsed(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Fault: it is none.
    """
    try:
        found = json.loads(text)
    except ValueError as error:  # of JSON, or of UTF-8
        raise Fault(fault.MALFORMED, f"this is no JSON: {error}") from error
    except RecursionError as error:
        raise Fault(fault.MALFORMED, "this is no JSON that can be read: it is nested too deeply") from error
    if not isinstance(found, dict):
        raise Fault(fault.MALFORMED, f"a JSON object is wanted; this is {type(found).__name__}")
    return found


def message_of(data: dict[str, Any]) -> tuple[bytes | None, bytes | None, str | None]:
    """Return the value, the key and the id of a message.

    Raises:
        Fault: one of them is no text, or there is no value.
    """
    if "value" not in data:
        raise Fault(fault.MALFORMED, 'a message has a "value": a text, or null')
    for name in ("value", "key", "id"):
        if not isinstance(data.get(name), (str, type(None))):
            raise Fault(fault.MALFORMED, f'"{name}" is a text, or null')
    return _bytes(data["value"]), _bytes(data.get("key")), data.get("id")


def _bytes(text: str | None) -> bytes | None:
    try:
        return None if text is None else text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise Fault(fault.MALFORMED, f"this text is no Unicode: {error.reason}") from error
