"""Clients that are stopped while their broker hangs, or by whom they call themselves."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from pykafka.exceptions import KafkaException, ProduceFailureError
from pykafka.rdkafka import _rd_kafka

from .clients import topic_of

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 3


def stop_beside_a_hanging_broker(address: str, topic: str, pid: int, wait_ms: int) -> dict[str, Any]:
    """Producers with and without reports, and a consumer, are stopped while the broker's process stands still."""
    options = {"use_rdkafka": True, "linger_ms": 1, "pending_timeout_ms": wait_ms}
    with topic_of(address, topic) as found:
        reporting, silent = (found.get_producer(delivery_reports=reports, **options) for reports in (True, False))
        reporting.produce(b"before")
        first = reporting.get_delivery_report(timeout=60)
        silent.produce(b"before")
        silent._wait_all()
        consumer = found.get_simple_consumer(use_rdkafka=True)
        consumer.consume()
        os.kill(pid, signal.SIGSTOP)
        try:
            for producer in (reporting, silent):
                for _ in range(COUNT):
                    producer.produce(b"during")
            seconds = [_seconds(client.stop) for client in (reporting, consumer)]
            started = time.monotonic()
            raised = _raised(silent.stop)
            seconds.append(time.monotonic() - started)
        finally:
            os.kill(pid, signal.SIGCONT)
        reports = [reporting.get_delivery_report(block=False)[1] for _ in range(COUNT)]
        del first
    return {"seconds": max(seconds), "reports": [type(error).__name__ for error in reports], "raised": raised}


def _seconds(call: Callable[[], Any]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def _raised(call: Callable[[], Any]) -> str:
    try:
        call()
    except KafkaException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def stop_from_within(address: str, topic: str) -> dict[str, Any]:
    """A partitioner stops the very producer that asks it; the message at hand is still delivered."""
    with topic_of(address, topic) as found:
        producers: list[Any] = []

        def choose(partitions: Any, _key: Any) -> Any:
            producers[0].stop()
            return partitions[0]

        producers.append(found.get_producer(use_rdkafka=True, partitioner=choose, delivery_reports=True))
        seconds = _seconds(lambda: producers[0].produce(b"last"))
        _, error = producers[0].get_delivery_report(timeout=60)
        _rd_kafka._wait_destroyed(20000)
    return {"seconds": seconds, "error": error}


class _Collecting:
    """A queue of reports in whose put() the garbage collector runs, as it may anywhere."""

    def __init__(self, dropped: threading.Event) -> None:
        self._dropped = dropped

    def put(self, _report: Any) -> None:
        self._dropped.wait(60)
        gc.collect()


def collect_in_its_own_thread(address: str, topic: str) -> dict[str, Any]:
    """A producer is collected, unstopped, in the thread that serves it."""
    dropped = threading.Event()
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True)
        producer._delivery_reports.queue = _Collecting(dropped)
        for _ in range(COUNT):
            producer.produce(b"left behind")
        producer.cycle = [producer]
        reference = weakref.ref(producer)
        gc.disable()  # but in that thread
        del producer
        dropped.set()
        _rd_kafka._wait_destroyed(20000)
    return {"alive": reference() is not None, "threads": _rd_kafka._thread_cnt()}


def stop_abandoned(address: str, topic: str) -> str:
    """What is raised of messages that stop() has no time for."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=60000, pending_timeout_ms=0)
        producer.produce(b"")
        try:
            producer.stop()
        except ProduceFailureError as error:
            return str(error)
    return ""
