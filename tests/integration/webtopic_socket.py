"""A WebSocket of `examples/tornado` as its tests use one."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import websocket

from .browser import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .webtopic import Server


class Socket:
    """A WebSocket of the server, as a program has it."""

    def __init__(self, server: Server, topic: str) -> None:
        address = f"ws://127.0.0.1:{server.port}/topics/{topic}/stream"
        self._socket: Any = websocket.create_connection(address, timeout=SECONDS)

    def say(self, frame: object) -> None:
        self._socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def hear(self, kind: str | None = None) -> Any:
        """Return the next frame; of a type, where one is named: others are passed over.

        What is told of the broker is passed over, too: on a machine that is busy, it is away now and then.
        """
        while True:
            frame = json.loads(self._socket.recv())
            if frame["type"] == kind or (kind is None and frame["type"] != "broker"):
                return frame

    def end(self) -> tuple[int, str]:
        """Wait for the end; return its code and reason."""
        while True:
            kind, data = self._socket.recv_data()
            if kind == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big"), data[2:].decode()

    def leave(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def connected(server: Server, topic: str, resume: object = None) -> Iterator[Socket]:
    """Connect, and begin to read unless `resume` is False."""
    opened = Socket(server, topic)
    try:
        if resume is not False:
            opened.say({"type": "resume", **(resume if isinstance(resume, dict) else {"from": "end"})})
        yield opened
    finally:
        opened.leave()
        until(lambda: server.health()["browsers"] == [], lambda: f"{server.health()}")


@contextlib.contextmanager
def connected_beside(server: Server, topic: str) -> Iterator[Socket]:
    opened = Socket(server, topic)
    opened.say({"type": "resume", "from": "end"})
    yield opened
    opened.leave()
