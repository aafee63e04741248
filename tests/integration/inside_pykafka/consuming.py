"""What consumers give: messages, their headers and times, groups, positions."""

from __future__ import annotations

import copy
import itertools
import time
from typing import TYPE_CHECKING, Any

from draining import drained  # type: ignore[import-not-found]

from .clients import topic_of

if TYPE_CHECKING:
    from collections.abc import Callable


def consume_all(address: str, topic: str, count: int, options: dict[str, Any]) -> dict[str, Any]:
    """Iterate over `count` messages with the given arguments."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000, **options)
        started = time.perf_counter()
        messages = []
        for message in consumer:
            messages.append(message)
            if len(messages) == count:
                break
        seconds = time.perf_counter() - started
        held = consumer.held_offsets
        consumer.stop()
    return {
        "offsets": [message.offset for message in messages],
        "last": messages[-1].value.decode(),
        "partition": messages[-1].partition and messages[-1].partition.id,
        "held": held[0],
        "seconds": seconds,
    }


def read_isolated(address: str, topic: str, count: int, isolation_level: int | None, balanced: bool) -> list[list[str]]:
    """The topic's messages at a level of isolation, or the default one, of which `count` must come.

    Read by a simple consumer, or by those that are balanced, in both modes.
    """
    options: dict[str, Any] = {"consumer_timeout_ms": 3000}
    if isolation_level is not None:
        options["isolation_level"] = isolation_level
    seen = []
    with topic_of(address, topic) as found:
        for use_rdkafka in (True, False):
            consumer = (
                found.get_balanced_consumer(b"one", managed=True, use_rdkafka=use_rdkafka, **options)
                if balanced
                else found.get_simple_consumer(use_rdkafka=use_rdkafka, **options)
            )
            seen.append([str(message.value.decode()) for message in drained(consumer, count=count)])
            consumer.stop()
    return seen


def balance(address: str, topic: str, count: int) -> dict[str, Any]:
    """A member of a group reads some messages of two partitions; another one comes, reads one, and goes."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_timeout_ms": 90_000, "heartbeat_interval_ms": 200}
        first = found.get_balanced_consumer(b"group-of-" + topic.encode(), managed=True, **options)
        read = list(itertools.islice(first, count // 4))
        alone = len(first.partitions)
        second = found.get_balanced_consumer(b"group-of-" + topic.encode(), managed=True, **options)
        shared = _until(lambda: [len(first.partitions), len(second.partitions)] == [1, 1])
        read.append(second.consume())
        second.commit_offsets()
        second.stop()
        again = _until(lambda: len(first.partitions) == 2)
        read += itertools.islice(first, count - len(read))
        first.commit_offsets()
        held = first.held_offsets
        first.stop()
    return {
        "partitions": [alone, shared, again],
        "read": sorted((message.partition_id, message.offset) for message in read),
        "class": type(read[0]).__name__,
        "held": sorted(held.values()),
    }


def _until(true: Callable[[], bool]) -> bool:
    """Wait until something is true, 60 seconds at most; return whether it is."""
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def read_headers(address: str, topic: str) -> list[Any]:
    """The headers and times of the topic's first two messages."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        first, second = consumer.consume(), consumer.consume()
        consumer.stop()

    def plain(headers: Any) -> Any:
        return [[name, value and value.decode()] for name, value in headers]

    return [[plain(each.headers), each.timestamp, each.partition_key is None] for each in (first, second)]


def read_headers_late(address: str, topic: str, count: int) -> list[Any]:
    """The headers of messages: of the newest, of those that others came after, of a copy, after stop(), and changed."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        kept = list(itertools.islice(consumer, count))
        copied = copy.copy(kept[-1])
        consumer.stop()
    kept[0].headers.append(("more", b""))
    kept[1].headers = []
    return [[[name, value.decode()] for name, value in each.headers] for each in (*kept, copied)]


class _Latin(str):
    """A header's name that is not written in Kafka's encoding."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode("latin-1")


def read_unreadable_headers(address: str, topic: str) -> list[str]:
    """The values of two messages, and what it raises that a header of the first has a name which is not UTF-8."""
    with topic_of(address, topic) as found:
        with found.get_producer(linger_ms=1) as producer:
            producer.produce(b"one", headers=[(_Latin("caf\xe9"), b"")])
            producer.produce(b"two")
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        first, second = itertools.islice(consumer, 2)
        consumer.stop()
        try:
            raised = repr(first.headers)
        except UnicodeDecodeError as error:
            raised = type(error).__name__
    return [first.value.decode(), second.value.decode(), raised]


def deserialize(address: str, topic: str) -> list[str]:
    """A deserializer is applied by consume() and by iteration."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_timeout_ms": 90_000}
        consumer = found.get_simple_consumer(deserializer=lambda value, key: (value.decode().upper(), key), **options)
        values = [consumer.consume().value, next(iter(consumer)).value]
        consumer.stop()
    return values


def commit_and_resume(address: str, topic: str, count: int) -> list[int]:
    """The offset after the one up to which an earlier member of the group iterated and committed."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_group": b"group-of-" + topic.encode(), "consumer_timeout_ms": 90_000}
        seen = []
        for take in (count, 1):
            consumer = found.get_simple_consumer(**options)
            seen.append([message.offset for message in itertools.islice(consumer, take)][-1])
            consumer.commit_offsets()
            consumer.stop()
    return seen
