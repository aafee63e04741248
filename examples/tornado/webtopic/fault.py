"""What goes wrong, as users are told it: a code, what happened, what to do next; by HTTP, and by WebSocket."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        code: its name, for programs.
        status: of an HTTP answer (RFC 9110).
        close: of a WebSocket that ends because of it (RFC 6455, 7.4; from 4000 on they are this server's own).
        todo: what to do next.
    """

    code: str
    status: int
    close: int
    todo: str


BROKER_AWAY = Kind("broker-away", 503, 1013, "wait until it is back and try again: GET /health tells.")
BUFFER_FULL = Kind("buffer-full", 503, 1013, "try again in a moment, and send fewer at a time.")
BUSY = Kind("too-many-browsers", 503, 1013, "try again later, or start the server with a larger --browsers.")
ENDING = Kind("going-away", 503, 1001, "connect again in a moment.")
FAILED = Kind("failed", 500, 1011, "read the server's log.")
GONE = Kind("messages-gone", 410, 4410, "nothing: reading goes on with the oldest message that there is.")
HOST = Kind("host-refused", 403, 4403, "use an address that the server was started for, or name it with --host.")
MALFORMED = Kind("malformed", 400, 4400, "mend the request; README.md shows what it looks like.")
MEDIA_TYPE = Kind("not-json", 415, 4415, "send JSON, and say so: Content-Type: application/json")
METHOD = Kind("method-not-allowed", 405, 4405, "README.md shows what may be asked for.")
NOT_FOUND = Kind("not-found", 404, 4404, "README.md shows what there is.")
NOT_SERVED = Kind("topic-not-served", 404, 4404, "name it when the server is started, or mind its spelling.")
REFUSED = Kind("kafka-refused", 502, 4502, "read what Kafka said, and the server's log.")
TOO_LARGE = Kind("message-too-large", 413, 1009, "send less in a message, or several messages.")
TOPIC_UNKNOWN = Kind("topic-unknown", 404, 4404, "create the topic, or mind its spelling.")


@dataclass(eq=False)  # not frozen: contextlib sets the traceback of what passes through it
class Fault(Exception):
    """Something that went wrong, for whoever asked.

    Attributes:
        kind: what kind of fault it is.
        what: what happened.
        unsure: whether a message that was to be sent may have been written all the same.
    """

    kind: Kind
    what: str
    unsure: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.kind.code}: {self.what}"

    def as_json(self) -> dict[str, object]:
        """Return what is sent of it."""
        told: dict[str, object] = {"code": self.kind.code, "what": self.what, "next": self.kind.todo}
        return {**told, "unsure": True} if self.unsure else told
