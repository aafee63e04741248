"""What every load shares: the request, the clocks, the report, and an end that comes by itself.

A load is one process that produces or consumes a fixed number of messages once, and prints one line of JSON. It runs
in the environment of the client under measurement, so it uses the standard library only.
"""

from __future__ import annotations

import faulthandler
import json
import os
import platform
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

QUEUED_MESSAGES = 100_000
"""How many messages a client may hold (librdkafka's queue.buffering.max.messages, queued.min.messages)."""
BATCH_MESSAGES = 10_000
"""batch.num.messages of librdkafka: its default."""
BATCH_BYTES = 1_000_000
"""batch.size of librdkafka: its default; a broker takes up to message.max.bytes, 1,048,588 by default."""
FETCH_BYTES = 1 << 20
"""max.partition.fetch.bytes: Kafka's default."""
KEY = b"bench-key"
HEADER, HEADER_VALUE = "source", b"bench"
HEADERS: list[tuple[str, str | bytes | None]] = [(HEADER, HEADER_VALUE)]
"""Of every message, where delivery reports are measured."""
REPORTS_EVERY = 1000
"""Messages between two looks at delivery reports: as rdkafka_performance does it."""
BEAT = 0.001
"""Seconds between two heartbeats in a loop. It waits in whole milliseconds on Linux (epoll): one late is idle."""
QUEUE_BACKOFF_MS = 5
"""fetch.queue.backoff.ms for every client on librdkafka, whose default of 1000 lets a quick consumer stand still."""


@dataclass(frozen=True)
class Request:
    """What a load is asked to do.

    Attributes:
        mode: which way of the client (pykafka: ``rdkafka`` or ``pure``).
        direction: ``produce`` or ``consume``.
        address: the broker's ``HOST:PORT``.
        broker_version: of Apache Kafka, for clients that want to be told.
        topic: exists, with a leader for each partition.
        partitions: of the topic, 0 and up.
        messages: how many.
        message_bytes: the length of each value.
        acks: ``0``, ``1`` or ``all``.
        codec: ``none``, ``gzip``, ``snappy``, ``lz4`` or ``zstd``.
        linger_ms: how long a producer waits for a batch to fill.
        seconds: after which the load ends itself, whatever it is doing.
        program: the program that does the work, where that is not Python.
        idempotent: whether a producer is idempotent (KIP-98).
        reports: whether every message has `KEY`, `HEADERS` and a delivery report that the load counts.
        awaited: whether each message is acknowledged before the next one is sent.
        heartbeat: whether something else beats in the client's loop of asyncio, and says how late it came.
    """

    mode: str
    direction: str
    address: str
    broker_version: str
    topic: str
    partitions: int
    messages: int
    message_bytes: int
    acks: str
    codec: str
    linger_ms: int
    seconds: float
    program: str = ""
    idempotent: bool = False
    reports: bool = False
    awaited: bool = False
    heartbeat: bool = False

    @property
    def payload(self) -> bytes:
        """Every message's value: the text of the 2016 comparison, cut to length."""
        return (b"kafkatest" * (self.message_bytes // 9 + 1))[: self.message_bytes]


@dataclass
class Measured:
    """What a load saw.

    Attributes:
        messages: within ``seconds``.
        bytes: of their values.
        seconds: producing: first call to last acknowledgement; consuming: first to last message in hand.
        cpu_seconds: user and system time of the whole process; consuming: since before the consumer was made.
        cpu_messages: how many messages ``cpu_seconds`` were spent on.
        settings: the client's settings that are not its defaults.
        versions: what ran.
        latency_p99: seconds within which 99 % of the messages were acknowledged, where each was awaited.
        late_p999: seconds by which 99.9 % of the heartbeats in the loop were late at the most, where there were any.
    """

    messages: int
    bytes: int
    seconds: float
    cpu_seconds: float
    cpu_messages: int
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    latency_p99: float | None = None
    late_p999: float | None = None


def percentile(values: Iterable[float], per_mille: int) -> float:
    """Return the smallest of the values that so many per mille of them do not exceed.

    >>> percentile([3.0, 1.0, 2.0], 990), percentile(range(1000), 500)
    (3.0, 499)
    """
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * per_mille // 1000) - 1)]


class Latency:
    """How long each of the request's messages took, of which each is sent when the last one was acknowledged."""

    _TRIED = 3

    def __init__(self, request: Request) -> None:
        self._request = request
        self._took: list[float] = []

    def add(self, seconds: float) -> None:
        """Note that a message took so many seconds; TimeoutError where all of them would take too long."""
        self._took.append(seconds)
        if len(self._took) == self._TRIED and min(self._took) * self._request.messages > self._request.seconds:
            raise TimeoutError(
                f"a message took {min(self._took):.3g} s: {self._request.messages} do not fit into "
                f"{self._request.seconds:g} s"
            )

    @property
    def p99(self) -> float:
        """Seconds within which 99 % were acknowledged."""
        return percentile(self._took, 990)


def one_by_one(send: Callable[[], object], request: Request) -> float:
    """Send the request's messages, each when the last one was acknowledged; return its `Latency`'s p99 in seconds."""
    latency, now = Latency(request), time.perf_counter
    for _ in range(request.messages):
        begun = now()
        send()
        latency.add(now() - begun)
    return latency.p99


def cpu_seconds() -> float:
    """Return the user and system seconds of this process, all threads, so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Producing:
    """The clocks around a production: they run from `begin` to `end`."""

    def begin(self) -> None:
        """Start the clocks: the next call is the first produce."""
        self._cpu, self._wall = cpu_seconds(), time.monotonic()

    def end(self, request: Request, settings: dict[str, Any], versions: dict[str, str]) -> Measured:
        """Stop the clocks: the last acknowledgement has come."""
        seconds, cpu = time.monotonic() - self._wall, cpu_seconds() - self._cpu
        size = request.messages * request.message_bytes
        return Measured(request.messages, size, seconds, cpu, request.messages, settings, versions)


class Reports:
    """Counts the delivery reports of a production, by callbacks or from a client's queue of them."""

    def __init__(self) -> None:
        self.delivered = 0
        self._error: object = None

    def count(self, error: object, _message: object = None) -> None:
        """Take one report: ``error`` is None where the message was delivered."""
        if error is None:
            self.delivered += 1
        else:
            self._error = error

    def check(self, request: Request) -> None:
        """Raise ValueError unless every message of the request was reported as delivered."""
        if self.delivered != request.messages:
            why = f"; one of the errors: {self._error}" if self._error is not None else ""
            raise ValueError(f"{self.delivered} of {request.messages} messages were reported as delivered{why}")


class Consuming:
    """The clocks around a consumption: CPU from `prepare` on, wall time from `first` on."""

    def prepare(self) -> None:
        """Start the CPU clock: the consumer is about to be made."""
        self._cpu = cpu_seconds()

    def first(self) -> None:
        """Start the wall clock: the first message is in hand."""
        self._wall = time.monotonic()

    def end(self, request: Request, received: int, settings: dict[str, Any], versions: dict[str, str]) -> Measured:
        """Stop the clocks: the last message is in hand. ``received`` are the bytes of all values but the first.

        Raises:
            ValueError: these are not the messages that the topic holds.
        """
        seconds, cpu = time.monotonic() - self._wall, cpu_seconds() - self._cpu
        timed = request.messages - 1
        if received != timed * request.message_bytes:
            raise ValueError(f"received {received} bytes of values where {timed * request.message_bytes} were expected")
        return Measured(timed, received, seconds, cpu, request.messages, settings, versions)


def run(
    produce: Callable[[Request], Measured], consume: Callable[[Request], Measured], *, has_loop: bool = False
) -> None:
    """Do what the request (a JSON file, the first argument) asks for, print one line of JSON, and end at once.

    Threads that a client left behind are not waited for. Without ``has_loop``, nothing can beat beside the client.
    """
    asked = Request(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    faulthandler.dump_traceback_later(asked.seconds, exit=True)  # also where a call blocks for ever
    status = 0
    try:
        if asked.heartbeat and not has_loop:
            raise ValueError("it has no loop of asyncio in which something else could beat")  # noqa: TRY301
        measured = (produce if asked.direction == "produce" else consume)(asked)
        measured.versions = {"python": platform.python_version(), **measured.versions}
        told: dict[str, Any] = asdict(measured)
    except Exception as error:  # noqa: BLE001  (the reason is the result)
        told, status = {"error": f"{type(error).__name__}: {error}"}, 1
    print(json.dumps(told), flush=True)
    os._exit(status)
