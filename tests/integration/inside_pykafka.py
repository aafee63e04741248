"""Cases that run inside the environment of pykafka: CASE ADDRESS ARGUMENTS(JSON); the last line is the answer, in JSON.

Standard library and pykafka only: the tests call this through `pykafka_env.PykafkaEnv.run`.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import json
import logging
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient, SslConfig
from pykafka.exceptions import (
    ConsumerStoppedException,
    KafkaException,
    ProduceFailureError,
    ProducerQueueFullError,
    ProducerStoppedException,
)
from pykafka.rdkafka import _rd_kafka

if TYPE_CHECKING:
    from collections.abc import Callable


@contextlib.contextmanager
def topic_of(address: str, topic: str, **client: Any) -> Any:
    """The topic, through a client that lives as long as the context."""
    connected = KafkaClient(address, **client)
    yield connected.topics[topic.encode()]
    del connected


def try_each(address: str, topic: str, kind: str) -> None:
    """Answer every line of standard input, arguments in JSON, with a line: "" or what was raised."""
    for line in sys.stdin:
        arguments = json.loads(line)
        client = {"socket_timeout_ms": arguments.pop("socket_timeout_ms", 30000)}
        answer = ""
        with topic_of(address, topic, **client) as found:
            make = found.get_simple_consumer if kind == "consumer" else found.get_producer
            try:
                make(use_rdkafka=True, **arguments).stop()
            except (KafkaException, ValueError) as error:
                answer = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def consume_all(address: str, topic: str, count: int, options: dict[str, Any]) -> dict[str, Any]:
    """Iterate over `count` messages with the given arguments."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000, **options)
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


def read_one(address: str, topic: str, isolation_level: int | None) -> list[str | None]:
    """The topic's first message at a level of isolation, or the default one; None if there is none for two seconds.

    Read by a simple consumer, and by one that is balanced, the latter in pure Python too.
    """
    options = {"consumer_timeout_ms": 2000}
    if isolation_level is not None:
        options["isolation_level"] = isolation_level
    seen = []
    with topic_of(address, topic) as found:
        for balanced, use_rdkafka in ((False, True), (True, True), (True, False)):
            consumer = (
                found.get_balanced_consumer(b"one", managed=True, use_rdkafka=use_rdkafka, **options)
                if balanced
                else found.get_simple_consumer(use_rdkafka=use_rdkafka, **options)
            )
            message = consumer.consume()
            consumer.stop()
            seen.append(message and str(message.value.decode()))
    return seen


def balance(address: str, topic: str, count: int) -> dict[str, Any]:
    """A member of a group reads some messages of two partitions; another one comes, reads one, and goes."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_timeout_ms": 20000, "heartbeat_interval_ms": 200}
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
    """Wait until something is true, 30 seconds at most; return whether it is."""
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def read_headers(address: str, topic: str) -> list[Any]:
    """The headers and times of the topic's first two messages."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000)
        first, second = consumer.consume(), consumer.consume()
        consumer.stop()

    def plain(headers: Any) -> Any:
        return [[name, value and value.decode()] for name, value in headers]

    return [[plain(each.headers), each.timestamp, each.partition_key is None] for each in (first, second)]


def write_headers(address: str, topic: str, timestamp: int) -> None:
    """Write one message with headers, a key and a time, and one without any."""
    with topic_of(address, topic) as found, found.get_producer(use_rdkafka=True, linger_ms=1) as producer:
        producer.produce(b"one", b"key", timestamp=timestamp, headers=[("a", b"1"), ("a", b""), ("b", None)])
        producer.produce(b"two")


def report(address: str, topic: str) -> dict[str, Any]:
    """Two deliveries: one that succeeds, and one that is too large."""
    with topic_of(address, topic) as found:
        with found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True) as producer:
            sent = producer.produce(b"fits")
            reported, error = producer.get_delivery_report(timeout=20)
            producer.produce(b"x" * 2_000_000)
            _, refused = producer.get_delivery_report(timeout=20)
        with found.get_producer(use_rdkafka=True) as producer:
            try:
                producer.produce(b"x" * 2_000_000)
            except KafkaException as raised:
                unreported = type(raised).__name__
        with found.get_producer(use_rdkafka=True, sync=True) as producer:
            started = time.perf_counter()
            offset = producer.produce(b"waited for").offset
            seconds = time.perf_counter() - started
    return {
        "same": reported is sent,
        "error": error,
        "offset": sent.offset,
        "refused": type(refused).__name__,
        "unreported": unreported,
        "sync_offset": offset,
        "sync_seconds": seconds,
    }


def produce_refused(address: str, topic: str) -> str:
    """What stop() raises after a message that the broker refuses."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1)
        producer.produce(b"x" * 5000)
        try:
            producer.stop()
        except ProduceFailureError as error:
            return str(error)
    return ""


def fill_queue(address: str, topic: str, count: int) -> dict[str, Any]:
    """More messages than the queue holds, with and without waiting for room."""
    with topic_of(address, topic) as found:
        with found.get_producer(use_rdkafka=True, linger_ms=1, max_queued_messages=100) as producer:
            for number in range(count):
                producer.produce(b"%d" % number)
        full = False
        options = {"max_queued_messages": 100, "block_on_queue_full": False, "linger_ms": 5000}
        with found.get_producer(use_rdkafka=True, **options) as producer:
            try:
                for _ in range(count):
                    producer.produce(b"more")
            except ProducerQueueFullError:
                full = True
    return {"full": full}


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


def _join(threads: list[threading.Thread]) -> int:
    """Wait for the threads; return how many of them hang."""
    for thread in threads:
        thread.join(20)
    return sum(thread.is_alive() for thread in threads)


def threads_and_stops(address: str, topic: str) -> dict[str, Any]:
    """Several threads produce and consume until some others stop the clients under them."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, max_queued_messages=1000)
        produced: list[int] = []
        consumed: list[int] = []
        write = _until_stopped(
            lambda: producer.produce(b"v", headers=[("a", b"b")]), ProducerStoppedException, produced
        )
        threads = [threading.Thread(target=write, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        hanging = _stop_from_two_threads(producer) + _join(threads)

        consumer = found.get_simple_consumer(use_rdkafka=True)
        read = _until_stopped(consumer.consume, ConsumerStoppedException, consumed)
        threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1.0)
        hanging += _stop_from_two_threads(consumer) + _join(threads)
    return {"hanging": hanging, "produced": sum(produced), "consumed": sum(consumed)}


def _stop_from_two_threads(client: Any) -> int:
    threads = [threading.Thread(target=client.stop, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    return _join(threads)


def restart_while_consuming(address: str, topic: str, count: int) -> dict[str, Any]:
    """Offsets are reset while another thread consumes; it goes on, and nothing is raised."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True)
        consumed: list[int] = []
        read = _until_stopped(consumer.consume, ConsumerStoppedException, consumed)
        threads = [threading.Thread(target=read, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
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
            kinds = _produce_and_consume(found, count)
            _stop_while_blocked(found)
            _forget_in_a_cycle(found)
            gc.collect()
            _rd_kafka._wait_destroyed(20000)
            shared = [found.partitions[0], *kinds]
            del kinds
            seen.append([sys.getallocatedblocks(), *[sys.getrefcount(each) for each in shared]])
            del shared
    return seen


def _produce_and_consume(found: Any, count: int) -> list[Any]:
    """With and without reports and headers; of what is consumed a third is kept. Return the classes of the messages."""
    for reporting in (True, False):
        with found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=reporting) as producer:
            for number in range(count):
                sent = producer.produce(
                    b"%d" % number, b"key", headers=[("a", b"1"), ("b", None)] if number % 2 else None
                )
            for _ in range(count if reporting else 0):
                assert producer.get_delivery_report(timeout=20)[1] is None
    consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000)
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


def read_headers_late(address: str, topic: str, count: int) -> list[Any]:
    """The headers of messages: of the newest, of those that others came after, of a copy, after stop(), and changed."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000)
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
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000)
        first, second = itertools.islice(consumer, 2)
        consumer.stop()
        try:
            raised = repr(first.headers)
        except UnicodeDecodeError as error:
            raised = type(error).__name__
    return [first.value.decode(), second.value.decode(), raised]


def leave_running(address: str, topic: str, count: int) -> None:
    """End the interpreter with messages in the queue and nothing stopped."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=60000)
        consumer = found.get_simple_consumer(use_rdkafka=True)
        for _ in range(count):
            producer.produce(b"last words")
        globals()["kept"] = [producer, consumer]


def deserialize(address: str, topic: str) -> list[str]:
    """A deserializer is applied by consume() and by iteration."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_timeout_ms": 20000}
        consumer = found.get_simple_consumer(deserializer=lambda value, key: (value.decode().upper(), key), **options)
        values = [consumer.consume().value, next(iter(consumer)).value]
        consumer.stop()
    return values


def commit_and_resume(address: str, topic: str, count: int) -> list[int]:
    """The offset after the one up to which an earlier member of the group iterated and committed."""
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "consumer_group": b"group-of-" + topic.encode(), "consumer_timeout_ms": 20000}
        seen = []
        for take in (count, 1):
            consumer = found.get_simple_consumer(**options)
            seen.append([message.offset for message in itertools.islice(consumer, take)][-1])
            consumer.commit_offsets()
            consumer.stop()
    return seen


def round_trip(address: str, value: str, ca: str | None = None, sasl: list[str] | None = None) -> str:
    """Write a value to topic `t` and read it back, both through librdkafka; or what was raised."""
    options = {}
    if sasl is not None:
        from pykafka.sasl_authenticators import PlainAuthenticator, ScramAuthenticator

        mechanism, user, password = sasl
        authenticator = (
            PlainAuthenticator(user, password)
            if mechanism == "PLAIN"
            else ScramAuthenticator(mechanism, user, password)
        )
        options = {"sasl_authenticator": authenticator}
    try:
        client = KafkaClient(address, ssl_config=ca and SslConfig(ca), **options)
    except KafkaException as error:
        return f"{type(error).__name__}: {error}"
    topic = client.topics[b"t"]
    with topic.get_producer(use_rdkafka=True, sync=True) as producer:
        offset = producer.produce(value.encode()).offset
    consumer = topic.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=20000)
    read: str = next(message.value.decode() for message in consumer if message.offset == offset)
    consumer.stop()
    return read


def main() -> None:
    """See the module's docstring."""
    logging.basicConfig(level=logging.ERROR)
    case, address, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[case](address, **json.loads(arguments))) + "\n")


main()
