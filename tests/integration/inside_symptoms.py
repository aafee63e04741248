"""Does what a known fault says, on librdkafka's own mock cluster, and tells whether its symptom is there; no broker.

Usage: ``python inside_symptoms.py FAULT``. The last line of its output is ``had`` or ``not had``; a process that a
fault ends says nothing. It runs on an environment's Python, with confluent-kafka's wheel and nothing else.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import confluent_kafka

MOCK = {"test.mock.num.brokers": 1, "log_level": 0}
OFFSET_FETCH, NOT_COORDINATOR = 9, 16
"""Of "The Kafka Protocol Guide"."""
SECONDS = 15.0
"""So long a consumer is waited for that reads within 4 s where nothing is wrong."""


def poll_waits_on() -> bool:
    """Return whether poll() waits out its time though it has served a report."""
    producer: Any = confluent_kafka.Producer({**MOCK, "linger.ms": 0})
    producer.produce("symptoms", b"first")
    producer.flush(SECONDS)
    reported: list[float] = []
    producer.produce("symptoms", b"second", on_delivery=lambda *_: reported.append(time.monotonic()))
    producer.poll(4.0)
    return time.monotonic() - reported[0] > 2.0


async def of_aio(what: str) -> bool:
    """Return whether an AIOProducer refuses headers, or keeps a lone message that is awaited.

    How long it keeps one is a matter of where in the second its timer is, which a busy machine shifts.
    """
    from confluent_kafka.aio import AIOProducer

    producer: Any = AIOProducer({**MOCK})
    await (await producer.produce("symptoms", value=b"first"))
    headers = {"headers": [("name", b"value")]} if what == "headers" else {}
    took = 0.0
    try:
        for _ in range(5):
            begun = time.monotonic()
            await (await producer.produce("symptoms", value=b"lone", **headers))
            took = max(took, time.monotonic() - begun)
    except NotImplementedError:
        return what == "headers"
    finally:
        await producer.close()
    return what == "waits" and took > 1.5


def offsets_of_a_moved_coordinator() -> bool:
    """Return whether a consumer reads nothing whose first OffsetFetch was answered by NOT_COORDINATOR."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").split()
    library = ctypes.CDLL(next(word for word in maps if "librdkafka" in word))  # the very one that the client uses
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, []),
        ("rd_kafka_new", pointer, [ctypes.c_int, pointer, text, ctypes.c_size_t]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, ctypes.c_int]),
        ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
        ("rd_kafka_mock_push_request_errors", None, [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.c_int]),
    ):
        function: Any = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    handle = library.rd_kafka_new(0, library.rd_kafka_conf_new(), ctypes.create_string_buffer(512), 512)
    cluster = library.rd_kafka_mock_cluster_new(handle, 3)
    address = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    producer: Any = confluent_kafka.Producer({"bootstrap.servers": address})
    producer.produce("symptoms", b"message")
    producer.flush(SECONDS)
    library.rd_kafka_mock_push_request_errors(cluster, OFFSET_FETCH, 1, NOT_COORDINATOR)
    settings = {"bootstrap.servers": address, "group.id": "symptoms", "auto.offset.reset": "earliest"}
    consumer: Any = confluent_kafka.Consumer(settings)
    consumer.subscribe(["symptoms"])
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            return False
    return True


def close_while_polling() -> bool:
    """Return whether close() does not come back while other threads are inside the consumer."""
    for _ in range(5):
        consumer: Any = confluent_kafka.Consumer({**MOCK, "bootstrap.servers": "", "group.id": "symptoms"})
        consumer.subscribe(["symptoms"])
        for _ in range(3):
            threading.Thread(target=_reads, args=(consumer,), daemon=True).start()
        time.sleep(0.2)
        closing = threading.Thread(target=consumer.close, daemon=True)
        closing.start()
        closing.join(SECONDS)
        if closing.is_alive():
            return True
    return False


def _reads(consumer: Any) -> None:
    try:
        while True:
            consumer.consume(10, 1.0)
    except RuntimeError:  # it is closed
        return


def symptom(fault: str) -> bool:
    """Return whether an entry's symptom is seen here."""
    if fault.startswith("confluent-kafka-aio"):
        return asyncio.run(of_aio("headers" if fault.endswith("headers") else "waits"))
    tried = {
        "confluent-kafka-poll-waits-on": poll_waits_on,
        "confluent-kafka-close-while-polling": close_while_polling,
        "librdkafka-offsets-of-a-moved-coordinator": offsets_of_a_moved_coordinator,
    }
    return tried[fault]()


if __name__ == "__main__":
    faulthandler.dump_traceback_later(8 * SECONDS, exit=True)
    sys.stdout.write("had\n" if symptom(sys.argv[1]) else "not had\n")
    sys.stdout.flush()
    os._exit(0)  # what a fault leaves behind would keep the process
