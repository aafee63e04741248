"""Runs inside the environment of python-confluent-kafka: CASE ADDRESS TOPIC; the last line is the answer, in JSON.

Standard library and confluent-kafka only.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

SECONDS = 60.0


def borrowed(address: str, topic: str) -> Any:
    """How many references to its argument a call has taken away, and where the partition begins then."""
    producer = Producer({"bootstrap.servers": address})
    for _ in range(10):
        producer.produce(topic, b"v", partition=0)
    producer.flush(SECONDS)
    client = AdminClient({"bootstrap.servers": address})
    partitions = [TopicPartition(topic, 0, 5)]
    before = sys.getrefcount(partitions)
    (future,) = client.delete_records(partitions).values()
    begins = future.result(SECONDS).low_watermark
    return [before - sys.getrefcount(partitions), begins]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"borrowed": borrowed}[sys.argv[1]](*sys.argv[2:])) + "\n")
