"""A broker that answers as it is told: for answers that a real one gives rarely, late or never."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_VERSIONS, METADATA = 18, 3
EVERY_VERSION = {
    1: (0, 10),
    2: (0, 1),
    3: (0, 0),
    8: (1, 1),
    9: (0, 1),
    **dict.fromkeys(range(10, 17), (0, 0)),
    18: (0, 0),
}


class ScriptedBroker:
    """Answers requests on 127.0.0.1, or elsewhere, by API key, and closes the connection where it has no answer.

    Attributes:
        answers: the bytes behind the correlation id, by API key.
        once: answers that are given once each, in order, before ``answers``, by API key; None closes the connection.
        silent: API keys that it leaves without an answer, on a connection that stays open.
        asked: (API key, version) of every request, in order.
        accepted: how many connections there were.
        may_answer: it waits for this before every answer; set at first.
    """

    def __init__(self, answers: Mapping[int, bytes], *, listener: socket.socket | None = None) -> None:
        self.answers = dict(answers)
        self.once: dict[int, list[bytes | None]] = {}
        self.silent: set[int] = set()
        self.asked: list[tuple[int, int]] = []
        self.accepted = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server = listener or socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many connections there are."""
        return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            with connection, connection.makefile("rb") as stream:
                while head := stream.read(4):
                    request = stream.read(int.from_bytes(head, "big"))
                    key, version = struct.unpack_from("!hh", request)
                    self.asked.append((key, version))
                    if key in self.silent:
                        continue
                    body = self.once[key].pop(0) if self.once.get(key) else self.answers.get(key)
                    if body is None:
                        return
                    self.may_answer.wait(60)
                    answer = request[4:8] + body
                    connection.sendall(struct.pack("!i", len(answer)) + answer)
        except OSError:  # the other side, or `drop`, closed it
            pass
        finally:
            self._open.discard(connection)

    def drop(self) -> None:
        """Close every connection, and go on listening."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Listen no more, and close every connection."""
        with contextlib.suppress(OSError):  # it is closed already
            self._server.shutdown(socket.SHUT_RDWR)  # or accept() goes on with the socket
        self._server.close()
        self.drop()


def string(text: bytes) -> bytes:
    """Return a string as the protocol has it."""
    return struct.pack("!h", len(text)) + text


def versions(announced: Mapping[int, tuple[int, int]]) -> bytes:
    """Return the answer to ApiVersions v0."""
    spans = b"".join(struct.pack("!hhh", key, *span) for key, span in announced.items())
    return struct.pack("!hi", 0, len(announced)) + spans


def metadata(*ports: int, topic: bytes = b"t", nodes: Sequence[int] = (1, 2, 3), error: int = 0) -> bytes:
    """Return the answer to Metadata v0: brokers on 127.0.0.1, the first of which leads a topic's only partition.

    With an error of the topic, it has no partition.
    """
    brokers = [
        struct.pack("!i", node) + string(b"127.0.0.1") + struct.pack("!i", port)
        for node, port in zip(nodes, ports, strict=False)
    ]
    partition = struct.pack("!hiiiiii", 0, 0, nodes[0], 1, nodes[0], 1, nodes[0])
    known = struct.pack("!i", len(brokers)) + b"".join(brokers)
    known += struct.pack("!ih", 1, error) + string(topic)
    return known + (struct.pack("!i", 0) if error else struct.pack("!i", 1) + partition)


def metadata_v1(port: int, *, controller: int) -> bytes:
    """Return the answer to Metadata v1: one broker on 127.0.0.1, and no topic."""
    broker = struct.pack("!ii", 1, 1) + string(b"127.0.0.1") + struct.pack("!ih", port, -1)
    return broker + struct.pack("!ii", controller, 0)
