"""Eight threads of one client: four produce through one producer, four consume through one consumer.

``python inside_threads.py ADDRESS TOPIC use_rdkafka(0|1) MESSAGES``: the last line is the answer, in JSON. A program of
its own, as what it runs in must not import the C extension before it is used.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from pykafka import KafkaClient
from pykafka.common import OffsetType

SIDE = 4
SECONDS = 150.0


def lock_is_on() -> bool:
    """Whether this Python runs one thread at a time."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def run(address: str, topic: str, use_rdkafka: bool, messages: int) -> dict[str, Any]:
    """Pass messages; return what came how often, what was raised, and whether the lock was on before and after."""
    answer: dict[str, Any] = {"before": lock_is_on()}
    errors: list[str] = []
    came: list[list[str]] = [[] for _ in range(SIDE)]
    until = time.monotonic() + SECONDS
    client = KafkaClient(address)
    of = client.topics[topic.encode()]
    consumer = of.get_simple_consumer(
        auto_offset_reset=OffsetType.EARLIEST, consumer_timeout_ms=500, use_rdkafka=use_rdkafka
    )
    producer = of.get_producer(use_rdkafka=use_rdkafka, delivery_reports=False, linger_ms=5)

    def produce(number: int) -> None:
        for count in range(messages):
            producer.produce(f"{number}/{count}".encode())

    def consume(number: int) -> None:
        while sum(map(len, came)) < SIDE * messages and time.monotonic() < until:
            message = consumer.consume(block=True)
            if message is not None:
                came[number].append(message.value.decode())

    def noting(work: Any, number: int) -> None:
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            errors.append(f"{work.__name__}: {error!r}")

    threads = [threading.Thread(target=noting, args=(work, n)) for n in range(SIDE) for work in (produce, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    producer.stop()
    consumer.stop()
    client.stop()
    everything = [value for each in came for value in each]
    expected = {f"{number}/{count}" for number in range(SIDE) for count in range(messages)}
    return {
        **answer,
        "after": lock_is_on(),
        "errors": errors,
        "absent": len(expected - {*everything}),
        "twice": len(everything) - len({*everything}),
        "strange": sorted({*everything} - expected)[:5],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], sys.argv[2], sys.argv[3] == "1", int(sys.argv[4]))) + "\n")
