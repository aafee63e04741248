"""`examples/tornado` for its tests: the server in a fresh environment of one of our artifacts, and ways to ask it."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import struct
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import tornado
from confluent_kafka import Consumer, Producer, TopicPartition

from kafka_forge.brokers import admin, ports
from kafka_forge.ground.paths import project_root

from .browser import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

EXAMPLE = project_root() / "examples" / "tornado"
CLIENTS = ("pykafka", "pykafka-c", "confluent")
"""What ``--client`` takes."""
_LEFT = re.compile(
    r"Traceback|ResourceWarning|RuntimeWarning|was destroyed|never (retrieved|awaited)"
    r"| ERROR (asyncio|webtopic|tornado.app)"
)
"""What Python and asyncio say, in their development mode, of what was left over or went wrong unseen."""


@dataclass(frozen=True)
class Example:
    """The example, and the Python that runs it.

    Attributes:
        client: which client it uses.
        python: of a fresh environment with our artifact of that client.
        variables: of its environment; they bring Tornado, which is the toolkit's own, by its lock.
        room: a folder for logs.
    """

    client: str
    python: Path
    variables: Mapping[str, str]
    room: Path

    @classmethod
    def of(cls, client: str, python: Path, variables: Mapping[str, str], room: Path) -> Example:
        """Take a fresh environment that has the client; `room` is an empty folder."""
        brought = room / "brought"
        brought.mkdir()
        assert tornado.__file__
        # its one extension module is of the stable ABI, and it does without
        (brought / "tornado").symlink_to(Path(tornado.__file__).parent)
        path = f"{brought}:{EXAMPLE}"
        return cls(client, python, {**variables, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, room)

    def command(self, *arguments: object) -> list[str]:
        """Return the command that starts it, in Python's development mode."""
        return [str(self.python), "-X", "dev", "-m", "webtopic", "--client", self.client, *map(str, arguments)]

    @contextlib.contextmanager
    def started(self, brokers: str, *arguments: object, port: int | None = None) -> Iterator[Server]:
        """Start it; it ends with the block, if it has not before."""
        server = Server(self, brokers, arguments, port or ports.lasting(1)[0])
        try:
            server.begin()
            yield server
        finally:
            server.kill()


class Server:
    """A server that runs, on a port that it has again when it is started again.

    Attributes:
        url: where it is.
    """

    def __init__(self, example: Example, brokers: str, arguments: Iterable[object], port: int) -> None:
        self._command = example.command(*arguments, "--brokers", brokers, "--port", port)
        self._variables = dict(example.variables)
        self._log = example.room / f"server-{port}.log"
        self._process: subprocess.Popen[str] | None = None
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def begin(self) -> None:
        """Start it, and return when it listens."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=self._variables, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == self.url, self.log()

    @property
    def process(self) -> psutil.Process:
        """Its process."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def ask_to_end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and do not wait."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it in order; nothing may be left over."""
        self.ask_to_end(number)
        self.wait()

    def wait(self) -> None:
        """Wait until it has ended in order; nothing may be left over."""
        assert self._process is not None
        assert self._process.wait(SECONDS) == 0, self.log()
        if self._process.stdout is not None:
            self._process.stdout.close()
        assert not _LEFT.search(self.log()), self.log()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(SECONDS)

    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8")

    def ask(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Ask for an address, by POST if there is a body; return the status and what came, as JSON if it is that."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}{path}", data)
        for name, value in {**({"Content-Type": "application/json"} if data else {}), **(headers or {})}.items():
            asked.add_header(name, value)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=SECONDS) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        return status, json.loads(text) if text.startswith("{") else text

    def health(self) -> Any:
        """What it says of itself."""
        return self.ask("health")[1]

    def await_health(self, state: str) -> None:
        """Wait until it says that its broker is ``there``, or ``away``."""
        until(lambda: self.health()["broker"]["state"] == state, lambda: f"{self.health()} is not {state}")


class Cuttable:
    """A loopback proxy before the server, whose connections can be cut."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(SECONDS)

    def cut(self) -> None:
        """Reset all connections, on both sides; new ones are let through."""
        for each in tuple(self._open):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _start(self, target: Any, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._behind))
                except OSError:  # the server is away
                    near.close()
                    continue
                self._open |= {near, far}
                self._start(self._pass_on, near, far)
                self._start(self._pass_on, far, near)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            self._open.discard(each)
            each.close()


def written(broker: str, topic: str) -> dict[tuple[int, int], str]:
    """All of a topic, as the witness sees it: (partition, offset) → value."""
    ends = admin.ends(broker, topic, admin.describe_topics(broker)[topic])
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "witness", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
    messages = consumer.consume(sum(ends.values()), SECONDS)
    consumer.close()
    return {(each.partition() or 0, each.offset() or 0): (each.value() or b"").decode() for each in messages}


def fill(broker: str, topic: str, values: Iterable[str]) -> None:
    """Write messages as the witness does."""
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 20})
    for value in values:
        producer.produce(topic, value.encode())
        producer.poll(0)
    assert producer.flush(SECONDS) == 0
