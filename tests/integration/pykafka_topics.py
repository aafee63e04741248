"""Topics for pykafka's C extension: made, filled, and read back."""

from __future__ import annotations

import uuid
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]


def new_topic(address: str, partitions: int = 1, config: dict[str, str] | None = None) -> str:
    name = f"pykafka-c-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(name, partitions, 1, config=config or {})])[name].result()
    return name


def fill(address: str, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": address, "queue.buffering.max.messages": count, "linger.ms": 20})
    for number in range(count):
        producer.produce(topic, b"%0100d" % number)
    assert producer.flush(60) == 0


def read(address: str, topic: str, count: int) -> list[Any]:
    """The topic's first messages, as the witness sees them."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "witness", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages = consumer.consume(count, 90)
    consumer.close()
    return messages


def end_of(address: str, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "witness"})
    try:
        return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=60)[1])
    finally:
        consumer.close()
