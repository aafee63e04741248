"""A producer whose requests are refused or cut, and what the brokers' log has of it."""

from __future__ import annotations

import importlib
import time
import uuid
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .kafka_proxy import Proxy


SECONDS = 60.0


class Bench:
    """A topic, seen by pykafka through a proxy, and by a witness without."""

    def __init__(self, pykafka: Any, broker: Broker, proxy: Proxy) -> None:
        self.proxy = proxy
        self._broker = broker
        self.client = pykafka.KafkaClient(proxy.address)
        self.errors = importlib.import_module("pykafka.exceptions")

    def topic(self, partitions: int = 1, **config: str) -> Any:
        """A new topic, whose leaders are ready."""
        name = f"retries-{uuid.uuid4()}"
        entries = [(key.replace("_", ".").encode(), value.encode()) for key, value in config.items()]
        request = importlib.import_module("pykafka.protocol").CreateTopicRequest(
            name.encode(), partitions, 1, [], entries
        )
        self.client.cluster.controller_broker.create_topics([request], 10_000)
        self.client.update_cluster()
        topic = self.client.topics[name]
        topic.latest_available_offsets()
        return topic

    def log(self, topic: Any, partition: int = 0) -> list[bytes]:
        """All values of a partition, in order."""
        return log_of(self._broker, topic.name.decode(), partition)


def log_of(broker: Broker, topic: str, partition: int = 0) -> list[bytes]:
    """All values of a partition, in order, as librdkafka reads them from the broker itself."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "witness", "enable.auto.commit": False})
    place = TopicPartition(topic, partition, 0)
    try:
        _, end = consumer.get_watermark_offsets(place, timeout=30)
        consumer.assign([place])
        values: list[bytes] = []
        deadline = time.monotonic() + SECONDS
        while len(values) < end and time.monotonic() < deadline:
            values += [message.value() or b"" for message in consumer.consume(end - len(values), 1)]
    finally:
        consumer.close()
    assert len(values) == end
    return values


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, last)]
