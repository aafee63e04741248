"""Runs inside the environment of python-confluent-kafka: TEXT TOPIC VALUE; the last line is the answer, in JSON.

TEXT is what `broker start` printed for it, executed as a user would paste it; more of it may change what it made. A
value is written to the topic and read back. The answer is what was read, or the first error that says why it was not.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

SECONDS = 60.0
TELLING = ("_AUTHENTICATION", "_SSL", "_FATAL")


def round_trip(settings: dict[str, Any], topic: str, value: bytes) -> str:
    from confluent_kafka import Consumer, Producer, TopicPartition

    complaints: list[Any] = []
    told = {**settings, "log_level": 0, "error_cb": complaints.append}
    producer, reports = Producer(told), []
    producer.produce(topic, value, on_delivery=lambda *report: reports.append(report))
    end = time.monotonic() + SECONDS
    while not reports and not telling(complaints) and time.monotonic() < end:
        producer.poll(0.1)
    if why := telling(complaints) if not reports else reports[0][0]:
        return f"{why.name()}: {why.str()}"
    if not reports:
        return f"not delivered: {[each.str() for each in complaints]}"
    message = reports[0][1]
    consumer = Consumer({**told, "group.id": "any"})
    consumer.assign([TopicPartition(topic, message.partition(), message.offset())])
    read = consumer.poll(SECONDS)
    consumer.close()
    if read is None or read.error():
        return f"not read: {read and read.error()}"
    return (read.value() or b"").decode()


def telling(complaints: list[Any]) -> Any:
    """The first error that says why; that all brokers are down follows from it."""
    return next((each for each in complaints if each.name() in TELLING), None)


if __name__ == "__main__":
    text, topic, value = sys.argv[1:]
    pasted: dict[str, Any] = {}
    exec(text, pasted)  # it is the toolkit's own
    sys.stdout.write(json.dumps(round_trip(pasted["settings"], topic, value.encode())) + "\n")
