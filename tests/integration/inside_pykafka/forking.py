"""Processes that are forked while clients are running."""

from __future__ import annotations

import contextlib
import gc
import json
import multiprocessing
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient
from pykafka.exceptions import KafkaException

from .clients import topic_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 30


class _Clients:
    """A producer and two consumers that run, and the last message that was consumed."""

    def __init__(self, found: Any) -> None:
        self.topic = found
        self.producer = found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True)
        self.waiting = found.get_producer(use_rdkafka=True, sync=True)
        self.waiting.produce(b"first", headers=[("a", b"1")])
        self.consumer = found.get_simple_consumer(
            consumer_group=b"forked", auto_commit_enable=True, use_rdkafka=True, consumer_timeout_ms=90_000
        )
        self.messages = iter(found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000))
        next(self.messages)
        self.last = self.consumer.consume()

    def uses(self) -> dict[str, Callable[[], Any]]:
        """Everything that a child might do with them."""
        return {
            "produce": lambda: self.producer.produce(b""),
            "produce and wait": lambda: self.waiting.produce(b""),
            "start producing": self.producer.start,
            "consume": self.consumer.consume,
            "iterate": lambda: next(self.messages),
            "iterate anew": lambda: next(iter(self.consumer)),
            "commit": self.consumer.commit_offsets,
            "fetch offsets": self.consumer.fetch_offsets,
            "reset offsets": self.consumer.reset_offsets,
            "look at offsets": lambda: self.consumer.held_offsets,
            "start consuming": self.consumer.start,
            "read headers": lambda: self.last.headers[0],
            "stop consuming": self.consumer.stop,
            "stop producing": self.producer.stop,
        }

    def work(self) -> int:
        """Send a message and read one, as a parent goes on doing; return the offset of the former."""
        self.producer.produce(b"again")
        sent, error = self.producer.get_delivery_report(timeout=60)
        assert error is None
        assert self.consumer.consume() is not None
        return int(sent.offset)

    def stop(self) -> None:
        self.producer.stop()
        self.waiting.stop()
        self.consumer.stop()


def end_children(address: str, topic: str) -> dict[str, Any]:
    """How children end that leave the clients alone, by several ways out; and whether their parent still works."""
    with topic_of(address, topic) as found:
        clients = _Clients(found)
        ends = {
            "sys.exit": _ended(lambda: sys.exit(3)),
            "os._exit": _ended(lambda: os._exit(3)),
            "forgotten": _ended(lambda: _forget(clients)),
            "multiprocessing": _ended_of_multiprocessing(),
        }
        offset = clients.work()
        clients.stop()
    return {"ends": ends, "offset": offset}


def _forget(clients: _Clients) -> None:
    clients.__dict__.clear()
    gc.collect()
    sys.exit(3)


def _ended(child: Callable[[], Any]) -> int | str:
    """The exit status of a child, or that it hangs; then it is killed."""
    pid = os.fork()
    if not pid:
        child()
    return _status(pid)


def _status(pid: int) -> int | str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "hangs"


def _ended_of_multiprocessing() -> int | str | None:
    process = multiprocessing.get_context("fork").Process(target=sys.exit, args=(3,))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return "hangs"
    return process.exitcode


def use_in_a_child(address: str, topic: str) -> dict[str, Any]:
    """What each use raises in a child that was forked while threads of the parent were inside the clients."""
    with topic_of(address, topic) as found:
        clients = _Clients(found)
        with _busy(found):
            answers = _answers(lambda: {name: _said(use) for name, use in clients.uses().items()})
        offset = clients.work()
        clients.stop()
    return {"answers": answers, "goes on": offset > 0}


def work_in_a_child(address: str, topic: str) -> dict[str, Any]:
    """What a client comes to that a child makes for itself, beside those of its parent."""
    with topic_of(address, topic) as found:
        clients = _Clients(found)
        answers = _answers(lambda: {"offset": _anew(address, topic)})
        clients.stop()
    return answers


def _anew(address: str, topic: str) -> int:
    client = KafkaClient(address)
    clients = _Clients(client.topics[topic.encode()])
    offset = clients.work()
    clients.stop()
    return offset


def fork_from_within(address: str, topic: str) -> dict[str, Any]:
    """A partitioner forks: the child's produce() raises, the parent's goes on."""
    pids = []

    def choose(partitions: Any, _key: Any) -> Any:
        pids.append(os.fork())
        return partitions[0]

    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, partitioner=choose)
        said = _said(lambda: producer.produce(b"once").partition_id)
        if not pids[0]:
            os._exit(3 if said == "ForkedClientError" else 4)
        child = _status(pids[0])
        producer.stop()
    return {"child": child, "parent": said}


@contextlib.contextmanager
def _busy(found: Any) -> Iterator[None]:
    """Threads that are inside other clients all the time."""
    ended = threading.Event()
    producer = found.get_producer(use_rdkafka=True, linger_ms=1)
    consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=100)

    def produce() -> None:
        while not ended.is_set():
            producer.produce(b"busy")

    def consume() -> None:
        while not ended.is_set():
            consumer.consume()
            assert consumer.held_offsets is not None

    threads = [threading.Thread(target=target) for target in (produce, consume)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()
    producer.stop()
    consumer.stop()


def _said(use: Callable[[], Any]) -> str:
    try:
        return str(use())
    except KafkaException as error:
        return type(error).__name__


def _answers(child: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a child returns; "hangs" if it does not end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        with os.fdopen(writing, "w") as end:
            json.dump(child(), end)
        sys.exit(3)
    os.close(writing)
    status = _status(pid)
    with os.fdopen(reading) as end:
        text = end.read()
    return {"status": status, **json.loads(text or "{}")}
