"""Consumers that wait: for what passes, and for messages."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

from pykafka.rdkafka import _rd_kafka

from .clients import topic_of


def consume_past_errors(address: str, topic: str, count: int) -> list[int]:
    """The offsets that a consumer reads, whatever is answered meanwhile."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        offsets = [message.offset for message in itertools.islice(consumer, count)]
        consumer.stop()
    return offsets


def wait_without_end(address: str, topic: str) -> dict[str, bool]:
    """Whether a consumer whose time-out is 0 or -1 waits for a message that comes late, as the pure one does."""
    waited = {}
    with topic_of(address, topic) as found:
        for timeout in (0, -1):
            consumer = found.get_simple_consumer(
                use_rdkafka=True, consumer_timeout_ms=timeout, auto_offset_reset=-1, reset_offset_on_start=True
            )
            threading.Timer(1.5, _send, (found,)).start()
            message = consumer.consume()
            waited[str(timeout)] = message is not None
            consumer.stop()
    return waited


def _send(found: Any) -> None:
    with found.get_producer(use_rdkafka=True, sync=True) as producer:
        producer.produce(b"late")


def leave_nothing(address: str, topic: str, rounds: int) -> dict[str, list[int]]:
    """Threads and open files after each of some rounds of clients that come and go."""
    seen: dict[str, list[int]] = {"threads": [], "files": []}
    with topic_of(address, topic) as found:
        for _ in range(rounds):
            with found.get_producer(use_rdkafka=True, linger_ms=1) as producer:
                producer.produce(b"value")
            consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
            consumer.consume()
            consumer.stop()
            _rd_kafka._wait_destroyed(20000)
            seen["threads"].append(_settled(threading.active_count))
            seen["files"].append(_settled(lambda: len(list(Path("/proc/self/fd").iterdir()))))
    return seen


def _settled(count: Any) -> int:
    """A count when it has been the same for a while: a thread that was told to end takes its time."""
    deadline = time.monotonic() + 60
    values = [count()]
    while time.monotonic() < deadline and (len(values) < 4 or len(set(values[-4:])) > 1):
        time.sleep(0.1)
        values.append(count())
    return int(values[-1])
