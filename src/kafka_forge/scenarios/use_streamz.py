"""The scenario of streamz: its sources of Kafka, one by one, in batches, and in batches on a Dask cluster.

Each case has a topic of its own with two partitions, and tells what came through a stream, and what the source's group
had committed meanwhile. Standard library, confluent-kafka, Dask with `distributed`, and streamz.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from streamz import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

SECONDS = 60.0
"""How long what should come is waited for."""
QUIET = 3.0
"""How long is waited for what should not come: thirty times what it would take to come."""
LOST = 30.0
"""How long is waited for what builds without the recipe's patches lose or never commit."""


class Case:
    """A topic, and the settings of a group of its own."""

    def __init__(self, address: str, topic: str) -> None:
        self.address = address
        self.topic = topic
        self.found: list[Any] = []
        admin = AdminClient({"bootstrap.servers": address})
        (made,) = admin.create_topics([NewTopic(topic, 2, 1)]).values()
        made.result(timeout=SECONDS)

    def settings(self) -> dict[str, Any]:
        """Return those of a source."""
        return {
            "bootstrap.servers": self.address,
            "group.id": self.topic,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 100,
            "session.timeout.ms": 6000,
        }

    def send(self, *values: bytes | None, partition: int = 0, transactional: bool = False, keep: bool = True) -> None:
        """Send values to a partition, as a transaction that is committed or aborted where asked for."""
        own = {"transactional.id": self.topic} if transactional else {}
        producer = Producer({"bootstrap.servers": self.address, **own})
        if transactional:
            producer.init_transactions(SECONDS)
            producer.begin_transaction()
        for value in values:
            producer.produce(self.topic, value, b"key", partition=partition)
        assert producer.flush(SECONDS) == 0
        if transactional:
            (producer.commit_transaction if keep else producer.abort_transaction)(SECONDS)

    def committed(self) -> list[int]:
        """Return the group's offset in each partition, 0 where there is none."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": self.topic})
        try:
            found = consumer.committed([TopicPartition(self.topic, each) for each in (0, 1)], timeout=SECONDS)
            return [max(0, each.offset) for each in found]
        finally:
            consumer.close()

    def one_by_one(self, **options: Any) -> Any:
        """Return a source that emits messages."""
        return Stream.from_kafka([self.topic], self.settings(), poll_interval=0.01, **options)

    def batched(self, **options: Any) -> Any:
        """Return a source that emits batches."""
        return Stream.from_kafka_batched(self.topic, self.settings(), poll_interval="50ms", **options)

    def values(self) -> list[Any]:
        """Return what has come in batches."""
        return [value for batch in self.found for value in batch]


def come(true: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Wait until something is so; tell whether it came."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def text(values: list[Any]) -> list[str | None]:
    """Return values as JSON has them."""
    return [None if value is None else value.decode() for value in values]


def first(case: Case) -> dict[str, Any]:
    """Each message of a short run, the first among them."""
    case.send(*(b"%d" % number for number in range(5)))
    source = case.one_by_one()
    source.sink(case.found.append)
    source.start()
    come(lambda: len(case.found) >= 5, LOST)
    source.stop()
    return {"values": text(case.found)}


def kept(case: Case) -> dict[str, Any]:
    """Null and empty values."""
    case.send(b"a", b"b", None, b"", b"c")
    source = case.one_by_one()
    source.sink(case.found.append)
    source.start()
    come(lambda: b"c" in case.found, LOST)
    source.stop()
    return {"values": text(case.found)}


def after(case: Case) -> dict[str, Any]:
    """What the group has committed while a message is worked on, and later."""
    case.send(*(b"%d" % number for number in range(5)))
    going = asyncio.Event()

    async def work(value: bytes) -> None:
        case.found.append(value)
        if len(case.found) == 3:
            await going.wait()

    source = case.one_by_one()
    source.sink(work)
    source.start()
    assert come(lambda: len(case.found) >= 3)
    worked_on = int(case.found[2])  # the offset of the message that is being worked on
    early = come(lambda: case.committed()[0] > worked_on, QUIET)
    source.loop.add_callback(going.set)
    late = come(lambda: case.committed()[0] == 5)
    source.stop()
    return {"early": early, "late": late}


def failed(case: Case) -> dict[str, Any]:
    """What the group has committed once work on a message has failed."""
    case.send(*(b"%d" % number for number in range(5)))

    def work(value: bytes) -> None:
        case.found.append(value)
        if value == b"2":
            raise ValueError("this one cannot be worked on")

    source = case.one_by_one()
    source.sink(work)
    source.start()
    assert come(lambda: b"2" in case.found)
    early = come(lambda: case.committed()[0] > 2, QUIET)
    return {"early": early, "late": case.committed()[0] == 2}


def markers(case: Case) -> dict[str, Any]:
    """Batches that end with nothing to be read: tombstones, empty values, a transaction's marker, an aborted one."""
    case.send(b"a", None, b"", partition=0)
    case.send(b"b", b"c", partition=1, transactional=True)
    case.send(b"x", partition=1, transactional=True, keep=False)
    source = case.batched()
    source.sink(case.found.append)
    source.start()
    come(lambda: len(case.values()) >= 5, LOST)
    late = come(lambda: case.committed() == [3, 5], LOST)
    source.stop()
    return {"values": sorted(text(case.values()), key=str), "late": late}


def ordered(case: Case) -> dict[str, Any]:
    """What is committed when the second batch is done and the first is not."""
    case.send(*(b"%d" % number for number in range(10)))
    going = asyncio.Event()

    async def work(batch: list[bytes]) -> None:
        if batch[0] == b"0":
            await going.wait()
        case.found.append(batch)

    source = case.batched(max_batch_size=5)
    source.sink(work)
    source.start()
    assert come(lambda: [b"%d" % number for number in range(5, 10)] in case.found)
    early = come(lambda: case.committed()[0] > 0, QUIET)
    source.loop.add_callback(going.set)
    late = come(lambda: case.committed()[0] == 10)
    source.stop()
    return {"early": early, "late": late}


def settings_kept(case: Case) -> dict[str, Any]:
    """What becomes of the caller's settings."""
    mine = case.settings() | {"auto.offset.reset": "latest"}
    before = dict(mine)
    source = Stream.from_kafka_batched(case.topic, mine, poll_interval="50ms")
    source.sink(case.found.append)
    source.start()
    come(lambda: mine != before, QUIET)
    source.stop()
    return {"changed": sorted(key for key in mine if mine[key] != before.get(key))}


@contextlib.contextmanager
def cluster() -> Iterator[Any]:
    """Give a client of two processes with two threads each."""
    from distributed import Client, LocalCluster

    made = LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None, memory_limit=0)
    with made, Client(made) as client:
        yield client


def dask(case: Case) -> dict[str, Any]:
    """Batches on Dask: nothing is lost, and the markers stall nothing."""
    case.send(b"a", None, b"", partition=0)
    case.send(b"b", b"c", partition=1, transactional=True)
    with cluster():
        source = case.batched(dask=True)
        source.map(list).gather().sink(case.found.append)
        source.start()
        come(lambda: len(case.values()) >= 5, LOST)
        late = come(lambda: case.committed() == [3, 3], LOST)
        source.stop()
    return {"values": sorted(text(case.values()), key=str), "late": late}


def dask_after(case: Case) -> dict[str, Any]:
    """What is committed while a worker is at work on a batch, and later."""
    case.send(b"a", b"b")
    folder = Path(tempfile.mkdtemp())

    def work(batch: list[bytes]) -> int:
        (folder / "begun").touch()
        end = time.monotonic() + SECONDS
        while not (folder / "go").exists() and time.monotonic() < end:
            time.sleep(0.02)
        return len(batch)

    with cluster():
        source = case.batched(dask=True)
        source.map(work).sink(case.found.append)
        source.start()
        assert come((folder / "begun").exists)
        early = come(lambda: case.committed()[0] > 0, QUIET)
        (folder / "go").touch()
        late = come(lambda: case.committed()[0] == 2)
        source.stop()
    return {"early": early, "late": late}


_WORK: dict[str, Callable[[Case], dict[str, Any]]] = {
    "first": first,
    "kept": kept,
    "after": after,
    "failed": failed,
    "markers": markers,
    "ordered": ordered,
    "settings": settings_kept,
    "dask": dask,
    "dask-after": dask_after,
}


def main() -> None:
    """Try every case, then end: streamz's loop is a thread that nobody ends."""
    request = scenario.read_request()
    teller = scenario.Teller(request.mode, together=False)
    made = []

    def work(name: str) -> dict[str, Any]:
        case = Case(request.address, f"kafka-forge-streamz-{name}-{uuid.uuid4().hex[:8]}")
        made.append(case.topic)
        return _WORK[name](case)

    for name in corpus.STREAMZ_CASES:
        if name == "first":
            # the first group of a broker waits for its coordinator, for longer than the source's own first poll
            teller.attempt("warm", name, lambda: work("first"), request.patience * 3)
        teller.attempt("streamz", name, lambda name=name: work(name), request.patience * 3)  # type: ignore[misc]
    admin = AdminClient({"bootstrap.servers": request.address})
    for deleted in admin.delete_topics(made).values():
        with contextlib.suppress(Exception):
            deleted.result(timeout=request.patience)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":  # Dask's workers import this file
    main()
