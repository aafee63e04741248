"""What producers write, report and refuse."""

from __future__ import annotations

import time
from typing import Any

from pykafka.exceptions import KafkaException, ProduceFailureError, ProducerQueueFullError

from .clients import topic_of


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
            reported, error = producer.get_delivery_report(timeout=60)
            producer.produce(b"x" * 2_000_000)
            _, refused = producer.get_delivery_report(timeout=60)
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
