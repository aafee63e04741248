"""Runs inside the environment of python-confluent-kafka: VALUE SETTINGS(JSON); the last line is the answer, in JSON.

Standard library and confluent-kafka only.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

SECONDS = 60.0


def round_trip(value: str, settings: dict[str, Any]) -> str:
    """Write a value to topic `t` and read it back; or say what librdkafka complains of."""
    complaints: list[str] = []
    settings = {**settings, "error_cb": lambda error: complaints.append(str(error)), "log_level": 0}
    reports: list[tuple[Any, Any]] = []
    try:
        producer = Producer(settings)
    except KafkaException as refusal:
        return f"not made: {refusal}"
    producer.produce("t", value=value.encode(), on_delivery=lambda *report: reports.append(report))
    end = time.monotonic() + SECONDS
    while not reports and not complaints and time.monotonic() < end:
        producer.poll(0.1)
    if not reports:
        return f"not delivered: {complaints}"
    error, message = reports[0]
    if error is not None:
        return str(error)
    consumer = Consumer({**settings, "group.id": "unused"})
    consumer.assign([TopicPartition("t", message.partition(), message.offset())])
    read = consumer.poll(SECONDS)
    consumer.close()
    return "nothing was read" if read is None else (read.value() or b"").decode()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(round_trip(sys.argv[1], json.loads(sys.argv[2]))) + "\n")
