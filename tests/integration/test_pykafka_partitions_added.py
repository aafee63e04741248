"""pykafka's pure producer and a topic that is given more partitions."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration


def test_a_producer_writes_to_partitions_that_were_added(pykafka: Any, broker: Broker) -> None:
    name = f"added-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1})
    client = pykafka.KafkaClient(broker.address, metadata_max_age_ms=500)
    with client.topics[name].get_producer(linger_ms=0, delivery_reports=True, pending_timeout_ms=60_000) as producer:
        producer.produce(b"before")
        assert producer.get_delivery_report(timeout=60)[1] is None
        administration = AdminClient({"bootstrap.servers": broker.address})
        (added,) = administration.create_partitions([NewPartitions(name, 3)]).values()
        added.result(30)
        written: set[int] = set()
        deadline = time.monotonic() + 60
        while written != {0, 1, 2} and time.monotonic() < deadline:
            producer.produce(b"after")
            message, error = producer.get_delivery_report(timeout=60)
            assert error is None
            written.add(message.partition_id)
            time.sleep(0.05)
    assert written == {0, 1, 2}
