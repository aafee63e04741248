"""A loopback proxy before a real broker, which loses, delays or refuses requests of one kind when a test says so.

``with Proxy(broker.address) as proxy``: clients connect to ``proxy.address``, and stay with it, since the broker's
address in Metadata responses becomes the proxy's. Whatever no fault was ordered for goes through as it is. A fault is
ordered for an API (`PRODUCE`, ...) and met by the next requests of it, in the order of the ordering::

    proxy.order(PRODUCE, refuse(6), times=2)  # the broker never sees the first two
    proxy.order(PRODUCE, lose_answer)         # the third one it has, but the connection breaks before the answer

`refuse` wants Produce requests, 3 to 8 (what pykafka speaks to a broker with record batches). One broker only.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

PRODUCE, METADATA, INIT_PRODUCER_ID = 0, 3, 22
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as a client sent it.

    Attributes:
        api: its API key.
        version: of the API.
        frame: all bytes behind the size.
        forward: sends it to the broker, and returns the answer's bytes behind the size; None for acks=0.
    """

    api: int
    version: int
    frame: bytes
    forward: Callable[[], bytes]


Fault = Callable[[Asked], "bytes | None"]
"""What is done with a request: its answer's bytes behind the size, or None to break the connection."""


def lose_request(_: Asked) -> None:
    """Break the connection before the broker has the request."""


def lose_answer(asked: Asked) -> None:
    """Break the connection when the broker has done what it was asked for."""
    asked.forward()


def hold(until: threading.Event, then: Fault) -> Fault:
    """Let the request wait until the event is set."""

    def fault(asked: Asked) -> bytes | None:
        until.wait(60)
        return then(asked)

    return fault


def refuse(error: int) -> Fault:
    """Answer a Produce request by an error code for all its partitions; the broker never has it."""

    def fault(asked: Asked) -> bytes:
        return _produce_response(asked, error)

    return fault


def pass_on(asked: Asked) -> bytes:
    """Do no harm."""
    return asked.forward()


class Proxy:
    """The proxy, from its construction until the end of its context.

    Attributes:
        address: ``HOST:PORT`` for ``bootstrap.servers``.
        seen: API keys of all requests, in order.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.seen: list[int] = []
        self._ordered: dict[int, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._clients: list[socket.socket] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.close()
        self._drop_all()

    def order(self, api: int, fault: Fault, times: int = 1) -> None:
        """Have the next requests of an API meet a fault."""
        with self._lock:
            self._ordered[api].extend([fault] * times)

    def unmet(self, api: int) -> int:
        """How many faults that were ordered have not come yet."""
        with self._lock:
            return len(self._ordered[api])

    def forget(self, api: int) -> None:
        """Take back what was ordered for an API."""
        with self._lock:
            self._ordered[api].clear()

    def close(self) -> None:
        """Be gone: break all connections, and those that come at once, until `reopen`."""
        self._open.clear()
        self._drop_all()

    def reopen(self) -> None:
        """Serve again."""
        self._open.set()

    def _drop_all(self) -> None:
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _start(target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if not self._open.is_set():
                client.close()
                continue
            with self._lock:
                self._clients.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._upstream) as broker:
            while not self._ended.is_set():
                if not select.select([client], [], [], _POLL_SECONDS)[0]:
                    continue
                frame = _receive(client)
                if frame is None or not self._answer(client, broker, frame):
                    return

    def _answer(self, client: socket.socket, broker: socket.socket, frame: bytes) -> bool:
        """Deal with one request; return whether the connection goes on."""
        api, version = struct.unpack_from("!hh", frame)
        silent = api == PRODUCE and _acks(frame, version) == 0
        with self._lock:
            self.seen.append(api)
            fault = self._ordered[api].popleft() if self._ordered[api] else pass_on

        def forward() -> bytes:
            broker.sendall(_sized(frame))
            answer = b"" if silent else _receive(broker)
            if answer is None:
                raise ConnectionError
            return self._with_our_port(answer) if api == METADATA else answer

        answer = fault(Asked(api, version, frame, forward))
        if answer:
            client.sendall(_sized(answer))
        return answer is not None

    def _with_our_port(self, answer: bytes) -> bytes:
        host = self._upstream[0].encode()
        named = struct.pack("!h", len(host)) + host
        ours = int(self.address.rpartition(":")[2])
        return answer.replace(named + struct.pack("!i", self._upstream[1]), named + struct.pack("!i", ours))


def _sized(frame: bytes) -> bytes:
    return struct.pack("!i", len(frame)) + frame


def _receive(connection: socket.socket) -> bytes | None:
    """Return what is behind the size of a request or response, or None at the end of the connection."""
    size = _exactly(connection, 4)
    return None if size is None else _exactly(connection, int.from_bytes(size, "big"))


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _after_header(frame: bytes, version: int) -> int:
    """Return where a Produce request's acks are: behind the header (KIP-482's first version) and transactional id."""
    (client,) = struct.unpack_from("!h", frame, 8)
    at: int = 10 + max(client, 0)
    if version >= 3:
        (transactional,) = struct.unpack_from("!h", frame, at)
        at += 2 + max(transactional, 0)
    return at


def _acks(frame: bytes, version: int) -> int:
    (acks,) = struct.unpack_from("!h", frame, _after_header(frame, version))
    return int(acks)


def _produce_response(asked: Asked, error: int) -> bytes:
    """Return what a broker answers (ProduceResponse, 3 to 8) if it appends nothing."""
    frame, at = asked.frame, _after_header(asked.frame, asked.version) + 6
    (topics,) = struct.unpack_from("!i", frame, at)
    at += 4
    out = [frame[4:8], struct.pack("!i", topics)]
    for _ in range(topics):
        (size,) = struct.unpack_from("!h", frame, at)
        (partitions,) = struct.unpack_from("!i", frame, at + 2 + size)
        out.append(frame[at : at + 6 + size])
        at += 6 + size
        for _ in range(partitions):
            partition, records = struct.unpack_from("!ii", frame, at)
            at += 8 + max(records, 0)
            out.append(struct.pack("!ihqq", partition, error, -1, -1))
            out.append(struct.pack("!q", -1) if asked.version >= 5 else b"")
            out.append(struct.pack("!ih", 0, -1) if asked.version >= 8 else b"")
    return b"".join([*out, struct.pack("!i", 0)])
