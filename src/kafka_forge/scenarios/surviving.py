"""What every scenario of survival shares: produce and consume through whatever happens, and keep a ledger of it.

Standard library only; runs inside the fresh environment (CPython 3.11 to 3.14).

A scenario is started with the path of a request (JSON) as its one argument. It numbers its messages by partition, sends
them in this order at an even pace, and reads them back as members of a consumer group, all the time. The toolkit lays
files beside the ledger: ``calm`` when the faults are over, ``ends.json`` when it knows how much there is to read.

The ledger is a file of JSON arrays, a line each: ``["s", p, n]`` is sent, ``["a", p, n]`` acknowledged, ``["f", p, n,
error]`` failed; ``["r", member, p, offset, n]`` read, ``["c", member, {p: offset}]`` committed; ``["x", where, error]``
is what a call raised; ``["t", what, data]`` tells how far it is.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMIT_SECONDS = 0.3
_READ_SECONDS = 0.2
_RESTARTS = 3
_SETTLE_SECONDS = 5.0


class Request:
    """What the toolkit asks for.

    Attributes:
        mode: the client's mode, a word of the contract.
        address: the brokers' ``HOST:PORT,…``.
        topic: an empty topic.
        partitions: how many it has.
        group: the id of the consumer group.
        burst: messages that are sent at once, to one partition after the other.
        pause: seconds between two bursts.
        more: messages that are sent once the faults are over.
        size: bytes of a message.
        turn: after how many messages read the group's first member leaves and its second one joins.
        stop: seconds that a producer has to deliver what it still has when it is stopped.
        patience: seconds after which the consumer gives up waiting for the end.
    """

    def __init__(self, raw: dict[str, Any]) -> None:
        self.mode: str = raw["mode"]
        self.address: str = raw["address"]
        self.topic: str = raw["topic"]
        self.partitions: int = raw["partitions"]
        self.group: str = raw["group"]
        self.burst: int = raw["burst"]
        self.pause: float = raw["pause"]
        self.more: int = raw["more"]
        self.size: int = raw["size"]
        self.turn: int = raw["turn"]
        self.stop: float = raw["stop"]
        self.patience: float = raw["patience"]


class Producing(Protocol):
    """A producer that waits for all copies (``acks=all``)."""

    def send(self, partition: int, value: bytes, done: Callable[[str | None], None]) -> None:
        """Hand over a message; ``done`` is called once, with None when it is acknowledged, else with the error."""

    def serve(self) -> None:
        """Give the client the opportunity to call ``done``."""

    def stop(self, seconds: float) -> None:
        """Deliver what is left within so many seconds, and end; ``done`` is called for what was not delivered."""


class Member(Protocol):
    """A member of a consumer group that begins where the group has committed, else at the beginning."""

    def read(self, seconds: float) -> list[tuple[int, int, bytes]]:
        """Return what came within so many seconds: partition, offset, value."""

    def commit(self) -> None:
        """Commit what has been read, and wait for the broker's word."""

    def leave(self) -> None:
        """Leave the group, and end."""


class Client(Protocol):
    """One client in one mode."""

    def producer(self) -> Producing:
        """Return a new producer for the request's topic."""

    def member(self) -> Member:
        """Return a new member of the request's group."""


class Ledger:
    """Lines in a file, from several threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def put(self, *entry: Any) -> None:
        """Add one line; it is on its way to the file when this returns."""
        with self._lock:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


def main(client_of: Callable[[Request], Client]) -> None:
    """Run the whole; the process ends as any program of a user does."""
    path = Path(sys.argv[1])
    request = Request(json.loads(path.read_text(encoding="utf-8")))
    ledger = Ledger(path.with_name("ledger"))
    before = _threads()
    client = client_of(request)
    parts = [
        threading.Thread(target=_guarded, args=(ledger, name, work, request, client, path.parent), name=name)
        for name, work in (("producer", _produce), ("consumer", _consume))
    ]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    del client
    deadline = time.monotonic() + _SETTLE_SECONDS
    gc.collect()
    while (after := _threads()) > before and time.monotonic() < deadline:
        time.sleep(0.05)
        gc.collect()  # again, as a program that goes on does: a worker that still ran held what it was collected for
    ledger.put("t", "done", {"before": before, "after": after, "names": [t.name for t in threading.enumerate()][1:]})


def _threads() -> int:
    """Return how many threads this process has, those of C libraries too where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208
    except OSError:
        return threading.active_count()


def _guarded(
    ledger: Ledger,
    name: str,
    work: Callable[[Request, Client, Ledger, Path], None],
    request: Request,
    client: Client,
    room: Path,
) -> None:
    try:
        work(request, client, ledger, room)
    except BaseException as error:  # noqa: BLE001  (whatever the client raises is what we are here to tell)
        traceback.print_exc()
        ledger.put("x", name, _said(error))
        ledger.put("t", f"{name}-ended", {})


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


class _Numbers:
    """Sends the next message of the request's sequence, and writes down what becomes of it."""

    def __init__(self, request: Request, producer: Producing, ledger: Ledger) -> None:
        self._request, self._producer, self._ledger = request, producer, ledger
        self._next = 0
        self._known = False

    def send(self, count: int) -> None:
        """Send so many."""
        for _ in range(count):
            partition, number = self._next % self._request.partitions, self._next // self._request.partitions
            self._next += 1
            value = f"{partition}:{number}:".encode().ljust(self._request.size, b".")
            self._ledger.put("s", partition, number)
            try:
                self._producer.send(partition, value, self._noting(partition, number))
            except Exception as error:  # noqa: BLE001  (a message that is refused is told, and the next one is sent)
                self._ledger.put("f", partition, number, _said(error))

    def _noting(self, partition: int, number: int) -> Callable[[str | None], None]:
        def done(error: str | None) -> None:
            if error is not None:
                self._ledger.put("f", partition, number, error)
                return
            self._ledger.put("a", partition, number)
            if not self._known:
                self._known = True
                self._ledger.put("t", "acknowledged", {})

        return done


def _produce(request: Request, client: Client, ledger: Ledger, room: Path) -> None:
    producer = client.producer()
    numbers = _Numbers(request, producer, ledger)
    calm = room / "calm"
    while not calm.exists():
        numbers.send(request.burst)
        producer.serve()
        time.sleep(request.pause)
    numbers.send(request.more)
    begun = time.monotonic()
    try:
        producer.stop(request.stop)
    except Exception as error:  # noqa: BLE001  (an error of stop() tells of what it did not deliver)
        traceback.print_exc()
        ledger.put("x", "producer-stop", _said(error))
    ledger.put("t", "producer-ended", {"seconds": round(time.monotonic() - begun, 3)})


def _consume(request: Request, client: Client, ledger: Ledger, room: Path) -> None:
    reading = _Reading(request, client, ledger)
    ends: dict[int, int] | None = None
    file = room / "ends.json"
    deadline = float("inf")
    while ends is None or not reading.reached(ends):
        reading.once()
        if ends is None and file.exists():
            ends = {int(p): end for p, end in json.loads(file.read_text(encoding="utf-8")).items()}
            deadline = time.monotonic() + request.patience
        if time.monotonic() > deadline or reading.exhausted:
            break
    reading.leave()
    ledger.put("t", "consumer-ended", {})


class _Reading:
    """The members of the group, one after the other."""

    def __init__(self, request: Request, client: Client, ledger: Ledger) -> None:
        self._request, self._client, self._ledger = request, client, ledger
        self._number, self._failures, self._count = 1, 0, 0
        self._member: Member | None = None
        self._positions: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        self._committed = time.monotonic()
        self._fresh = False

    @property
    def exhausted(self) -> bool:
        """Whether reading has failed so often that no new member will help."""
        return self._failures > _RESTARTS

    def reached(self, ends: dict[int, int]) -> bool:
        """Whether every partition has been read to its end."""
        return all(self._reached.get(partition, 0) >= end for partition, end in ends.items() if end)

    def once(self) -> None:
        """Read what there is; where that fails, put it down and try with another member."""
        try:
            self._member = self._member or self._client.member()
            rows = self._member.read(_READ_SECONDS)
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self._ledger.put("x", "read", _said(error))
            self._failures += 1
            self.leave()
            time.sleep(_READ_SECONDS)
            return
        for partition, offset, value in rows:
            number = int(value.split(b":", 2)[1])
            self._ledger.put("r", self._number, partition, offset, number)
            self._positions[partition] = offset + 1
            self._reached[partition] = max(offset + 1, self._reached.get(partition, 0))
        if rows and not self._count:
            self._ledger.put("t", "read", {})
        self._count += len(rows)
        self._fresh = self._fresh or bool(rows)
        if rows and time.monotonic() > self._committed + _COMMIT_SECONDS:
            self._commit()
        if self._number == 1 and self._count >= self._request.turn:
            self.leave()

    def _commit(self) -> None:
        self._committed = time.monotonic()
        try:
            if self._member is not None and self._fresh:
                self._member.commit()
                self._fresh = False
                self._ledger.put("c", self._number, self._positions)
        except Exception as error:  # noqa: BLE001  (the next commit has all that this one had)
            self._ledger.put("x", "commit", _said(error))

    def leave(self) -> None:
        """Commit and leave; the next member is another one, which begins where the group is."""
        member = self._member
        if member is None:
            return
        self._commit()
        self._member = None
        begun = time.monotonic()
        try:
            member.leave()
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self._ledger.put("x", "leave", _said(error))
        self._ledger.put("t", "left", {"member": self._number, "seconds": round(time.monotonic() - begun, 3)})
        self._number += 1
        self._positions = {}
