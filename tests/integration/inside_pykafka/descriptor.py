"""The extension's handles that tell of something through a descriptor."""

from __future__ import annotations

import select
import socket
import threading
import time
from typing import Any

from pykafka.rdkafka import RdKafkaProducer

from .clients import topic_of

SECONDS = 20


def written(reader: socket.socket, seconds: float) -> bool:
    """Whether something is written within some seconds; it is read."""
    if not select.select([reader], [], [], seconds)[0]:
        return False
    reader.recv(4096)
    return True


def pair() -> tuple[socket.socket, socket.socket]:
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    return reader, writer


def wake_for_messages(address: str, topic: str) -> dict[str, Any]:
    """What is written when messages come, and when they come after wake(-1); and what was consumed."""
    reader, writer = pair()
    with topic_of(address, topic) as found, found.get_producer(linger_ms=0) as producer:
        consumer = found.get_simple_consumer(use_rdkafka=True)
        handle = consumer._rdk_consumer
        producer.produce(b"0")  # until it has read one, it may have things to tell that are no messages
        deadline = time.monotonic() + SECONDS
        while not handle.consume_now(9) and time.monotonic() < deadline:
            time.sleep(0.01)
        handle.wake(writer.fileno())
        before = [handle.consume_now(9), handle.waiting(), written(reader, 0.5)]  # what there was is not told of
        producer.produce(b"1")
        first = written(reader, SECONDS)
        waiting = handle.waiting()
        values = [message.value.decode() for message in handle.consume_now(9)]
        producer.produce(b"2")
        second = written(reader, SECONDS)
        handle.wake(-1)
        values += [message.value.decode() for message in handle.consume_now(9)]
        producer.produce(b"3")
        deadline = time.monotonic() + SECONDS
        while not handle.waiting() and time.monotonic() < deadline:
            time.sleep(0.01)
        after = written(reader, 0.5)
        held = consumer.held_offsets
        consumer.stop()
        handle.wake(-1)
    return {
        "before": before,
        "first": [first, waiting],
        "second": second,
        "values": values,
        "after": after,
        "held": held,
    }


class _Reports:
    """Of those messages alone that say so."""

    def __init__(self) -> None:
        self.queue: Any = None
        self.failed: list[Exception] = []
        self.reported: list[tuple[Any, Exception | None]] = []

    def put(self, report: tuple[Any, Exception | None]) -> None:
        self.reported.append(report)

    def fail(self, error: Exception) -> None:
        self.failed.append(error)


class _Unserved(RdKafkaProducer):  # type: ignore[misc]
    def _serve(self, rdk_producer: Any) -> None:
        """By nobody but who calls poll()."""


def wake_for_reports(address: str, topic: str, too_large: int) -> dict[str, Any]:
    """What is told of messages whose reports are wanted and of those whose are not, of which some are refused."""
    reader, writer = pair()
    with topic_of(address, topic) as found:
        producer = _Unserved(found._cluster, found, linger_ms=0, delivery_reports=True, auto_start=False)
        producer._delivery_reports = reports = _Reports()
        producer.start()
        handle = producer._rdk_producer
        handle.wake(writer.fileno())
        while handle.poll(0):  # what there is already, such as librdkafka's log, is not told of
            pass
        woken = 0
        for value in (b"small", bytes(too_large)):
            for queue in (None, reports):
                reports.queue = queue
                producer.produce(value)
                while handle.outq_len():
                    woken += written(reader, SECONDS)
                    while handle.poll(0):
                        pass
        threads = sum("RdKafkaProducer" in thread.name for thread in threading.enumerate())
        producer.stop()
    return {
        "woken": woken >= 4,
        "reported": [type(error).__name__ for _, error in reports.reported],
        "failed": [type(error).__name__ for error in reports.failed],
        "threads": threads,
    }
