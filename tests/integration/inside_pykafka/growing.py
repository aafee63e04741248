"""Topics that get more partitions while clients are running."""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

from pykafka import KafkaClient


def produce_to_new_partitions(address: str, topic: str, partitions: int, count: int) -> dict[str, Any]:
    """Start to produce, say so, and produce on when the topic has got as many partitions; what reports say."""
    client = KafkaClient(address)
    found = client.topics[topic.encode()]
    with found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True) as producer:
        producer.produce(b"before")
        reports = [producer.get_delivery_report(timeout=60)]
        _say("ready")
        _until_there_are(client, topic, partitions)
        for number in range(count):
            producer.produce(b"%d" % number)
        reports += [producer.get_delivery_report(timeout=60) for _ in range(count)]
    return {
        "errors": [repr(error) for _, error in reports if error is not None],
        "partitions": sorted({message.partition_id for message, _ in reports[1:]}),
    }


def consume_new_partitions(
    address: str, topic: str, partitions: int, count: int, group: str | None, max_age_ms: int
) -> dict[str, Any]:
    """Start to consume, say so, and read as many messages, which come when the topic has got its new partitions."""
    client = KafkaClient(address, metadata_max_age_ms=max_age_ms)
    consumer = client.topics[topic.encode()].get_simple_consumer(
        use_rdkafka=True, consumer_timeout_ms=60000, consumer_group=group and group.encode()
    )
    _say("ready")
    read = [(message.partition_id, message.offset) for message in itertools.islice(consumer, count)]
    held = consumer.held_offsets
    if group:
        consumer.commit_offsets()
    consumer.stop()
    return {"read": sorted(read), "held": sorted(held), "expected": partitions}


def produce_by_age(address: str, topic: str, partitions: int, max_age_ms: int) -> dict[str, Any]:
    """Start to produce, say so, and produce on until all partitions have had a message; a minute at most."""
    client = KafkaClient(address, metadata_max_age_ms=max_age_ms)
    seen: set[int] = set()
    with client.topics[topic.encode()].get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True) as producer:
        producer.produce(b"before")
        producer.get_delivery_report(timeout=60)
        _say("ready")
        deadline = time.monotonic() + 60
        while len(seen) < partitions and time.monotonic() < deadline:
            producer.produce(b"after")
            message, error = producer.get_delivery_report(timeout=60)
            assert error is None, error
            seen.add(message.partition_id)
            time.sleep(0.05)
    return {"partitions": sorted(seen)}


def _until_there_are(client: KafkaClient, topic: str, partitions: int) -> None:
    """Look for the topic's partitions, as anybody may, until there are as many; a minute at most."""
    deadline = time.monotonic() + 60
    while len(client.topics[topic.encode()].partitions) < partitions and time.monotonic() < deadline:
        client.update_cluster()
        time.sleep(0.1)


def _say(word: str) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()
