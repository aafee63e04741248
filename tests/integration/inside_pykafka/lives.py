"""Clients that end: stopped under threads that wait, forgotten in a cycle, left running, over and over."""

from __future__ import annotations

import array
import contextlib
import gc
import itertools
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from pykafka.exceptions import ConsumerStoppedException, ProducerStoppedException
from pykafka.rdkafka import _rd_kafka
from pykafka.utils import at_exit

from .clients import topic_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _until_stopped(work: Callable[[], Any], stopped: type[Exception], tally: list[int]) -> Callable[[], None]:
    """A thread's body: call `work` until the client is stopped, then note how often."""

    def body() -> None:
        done = 0
        with contextlib.suppress(stopped):
            while True:
                work()
                done += 1
        tally.append(done)

    return body


def _started(body: Callable[[], None], count: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=body, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def _join(threads: list[threading.Thread]) -> int:
    """Wait for the threads; return how many of them hang."""
    for thread in threads:
        thread.join(60)
    return sum(thread.is_alive() for thread in threads)


def stop_while_producing(address: str, topic: str, headers: bool) -> dict[str, Any]:
    """Several threads produce until two others stop the producer under them."""
    options = {"headers": [("a", b"b")]} if headers else {}
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, max_queued_messages=1000)
        produced: list[int] = []
        write = _until_stopped(lambda: producer.produce(b"v", **options), ProducerStoppedException, produced)
        threads = _started(write, 4)
        time.sleep(0.3)
        hanging = _stop_from_two_threads(producer) + _join(threads)
    return {"hanging": hanging, "finished": len(produced), "produced": sum(produced)}


def stop_while_consuming(address: str, topic: str) -> dict[str, Any]:
    """Several threads consume, and wait for more, until two others stop the consumer under them."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True)
        consumed: list[int] = []
        read = _until_stopped(consumer.consume, ConsumerStoppedException, consumed)
        threads = _started(read, 4)
        time.sleep(1.0)
        hanging = _stop_from_two_threads(consumer) + _join(threads)
    return {"hanging": hanging, "finished": len(consumed), "consumed": sum(consumed)}


def _stop_from_two_threads(client: Any) -> int:
    return _join(_started(client.stop, 2))


def restart_while_consuming(address: str, topic: str, count: int) -> dict[str, Any]:
    """Offsets are reset while another thread consumes; it goes on, and nothing is raised."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True)
        consumed: list[int] = []
        read = _until_stopped(consumer.consume, ConsumerStoppedException, consumed)
        threads = _started(read, 2)
        for _ in range(3):
            consumer.reset_offsets([(found.partitions[0], 0)])
            time.sleep(0.3)
        consumer.stop()
        hanging = _join(threads)
    return {"hanging": hanging, "more_than_once": sum(consumed) > count}


def forget(address: str, topic: str) -> dict[str, Any]:
    """Clients in reference cycles are collected unstopped, and librdkafka's threads with them."""
    with topic_of(address, topic) as found:
        references: list[Any] = []
        for reporting in (False, True):
            consumer = found.get_simple_consumer(use_rdkafka=True)
            messages = iter(consumer)
            next(messages)
            producer = found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=reporting)
            producer.produce(b"left behind")
            consumer.cycle, producer.cycle = messages, [producer]
            references += [weakref.ref(consumer), weakref.ref(producer)]
            del consumer, producer, messages
        gc.collect()
        _rd_kafka._wait_destroyed(20000)
    return {"alive": sum(reference() is not None for reference in references), "threads": _rd_kafka._thread_cnt()}


def churn(address: str, topic: str, rounds: int, count: int) -> list[list[int]]:
    """What is alive after each of some rounds of everything: memory blocks, references to what all messages share."""
    seen = []
    with topic_of(address, topic) as found:
        for _ in range(rounds):
            shared = [found.partitions[0], *_live_and_die(found, count)]
            seen.append([sys.getallocatedblocks(), *[sys.getrefcount(each) for each in shared]])
            del shared
    return seen


def count_references(address: str, topic: str, rounds: int, count: int) -> list[int]:
    """The references to all objects after each of some rounds of everything, as a debug build of Python counts them."""
    seen = array.array("q", [0] * rounds)  # it holds no references itself
    with topic_of(address, topic) as found:
        for number in range(rounds):
            _live_and_die(found, count)
            seen[number] = sys.gettotalrefcount()
    return seen.tolist()


def _live_and_die(found: Any, count: int) -> list[Any]:
    """One round of everything, until nothing of it is left. Return the classes of its messages."""
    kinds = _produce_and_consume(found, count)
    _stop_while_blocked(found)
    _forget_in_a_cycle(found)
    gc.collect()
    while at_exit._stopping:  # what is forgotten is stopped by a thread of its own
        time.sleep(0.01)
    gc.collect()  # which has kept it until now
    _rd_kafka._wait_destroyed(20000)
    return kinds


def _produce_and_consume(found: Any, count: int) -> list[Any]:
    """With and without reports and headers; of what is consumed a third is kept. Return the classes of the messages."""
    for reporting in (True, False):
        with found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=reporting) as producer:
            for number in range(count):
                sent = producer.produce(
                    b"%d" % number, b"key", headers=[("a", b"1"), ("b", None)] if number % 2 else None
                )
            for _ in range(count if reporting else 0):
                assert producer.get_delivery_report(timeout=60)[1] is None
    consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
    messages = itertools.islice(consumer, 2 * count)
    kept = [message for number, message in enumerate(messages) if number % 3 == 0 or len(message.headers) > 2]
    consumer.stop()
    assert sum(len(message.headers) for message in kept) > 0
    return [type(sent), type(kept[0])]


def _stop_while_blocked(found: Any) -> None:
    consumer = found.get_simple_consumer(use_rdkafka=True)
    end = found.latest_available_offsets()[0].offset[0]
    consumer.reset_offsets([(found.partitions[0], end - 1)])
    thread = threading.Thread(target=_until_stopped(consumer.consume, ConsumerStoppedException, []))
    thread.start()
    consumer.stop()
    assert not _join([thread])


def _forget_in_a_cycle(found: Any) -> None:
    consumer = found.get_simple_consumer(use_rdkafka=True)
    producer = found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True)
    messages = iter(consumer)
    consumer.cycle, producer.cycle = [messages, next(messages)], [producer, producer.produce(b"left behind")]


def leave_running(address: str, topic: str, count: int) -> None:
    """End the interpreter with messages in the queue and nothing stopped."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=60000)
        consumer = found.get_simple_consumer(use_rdkafka=True)
        for _ in range(count):
            producer.produce(b"last words")
        globals()["kept"] = [producer, consumer]
