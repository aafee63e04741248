"""How the C extension stands between librdkafka's threads and Python."""

from __future__ import annotations

import collections
import itertools
import logging
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = SimpleNamespace(host=b"127.0.0.1", port=1)


class _Threads(logging.Handler):
    """Keeps the names of the threads that log."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.append(threading.current_thread().name)


def refused_partition(address: str, topic: str) -> str:
    """The class of what is reported for a message whose partition there is not: librdkafka's own error."""
    client = KafkaClient(address)
    options = {"delivery_reports": True, "linger_ms": 1, "partitioner": lambda *_: SimpleNamespace(id=7)}
    with client.topics[topic.encode()].get_producer(use_rdkafka=True, **options) as producer:
        producer.produce(b"")
        _, error = producer.get_delivery_report(timeout=60)
    return type(error).__name__


def logging_thread(address: str, topic: str, kind: str) -> str:
    """The name of the thread in which it is logged that librdkafka cannot connect."""
    client = KafkaClient(address)
    found = client.topics[topic.encode()]
    seen = _Threads()
    logging.getLogger("pykafka.rdkafka._rd_kafka").addHandler(seen)
    client.cluster.brokers.clear()
    client.cluster.brokers[0] = NOWHERE
    make = found.get_simple_consumer if kind == "consumer" else found.get_producer
    running = make(use_rdkafka=True)
    deadline = time.monotonic() + 60
    while not seen.names and time.monotonic() < deadline:
        time.sleep(0.1)
    running.stop()
    return seen.names[0]


def calls_to_iterate(address: str, topic: str, count: int) -> int:
    """How many functions in Python run while `count` messages are iterated over."""
    client = KafkaClient(address)
    consumer = client.topics[topic.encode()].get_simple_consumer(use_rdkafka=True)
    messages = itertools.islice(consumer, count)
    calls = _calls(lambda: collections.deque(messages, maxlen=0))
    consumer.stop()
    return calls


def calls_to_produce(address: str, topic: str, count: int) -> int:
    """How many functions in Python run while `count` messages are produced."""
    client = KafkaClient(address)
    with client.topics[topic.encode()].get_producer(use_rdkafka=True) as producer:
        values = itertools.repeat(b"value", count)
        return _calls(lambda: collections.deque(map(producer.produce, values), maxlen=0))


def _calls(work: Callable[[], Any]) -> int:
    """How many functions in Python this thread enters in the course of `work`."""
    seen = collections.Counter[str]()

    def note(_frame: Any, event: str, _argument: Any) -> None:
        seen[event] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen["call"]
