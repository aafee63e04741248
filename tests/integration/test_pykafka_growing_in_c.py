"""pykafka's C mode follows a topic that gets more partitions."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

PARTITIONS = 4


def fill_each(address: str, topic: str, count: int) -> None:
    """Write as many messages into each of the topic's partitions."""
    producer = Producer({"bootstrap.servers": address})
    for number in range(count * PARTITIONS):
        producer.produce(topic, b"", partition=number % PARTITIONS)
    assert producer.flush(60) == 0


def grown(env: PykafkaEnv, case: str, address: str, topic: str, fill: int = 0, **arguments: Any) -> Any:
    """Run a case, and give the topic its new partitions when it says that it is ready; return its answer.

    Then `fill` messages are written into each partition.
    """
    with subprocess.Popen(
        env.command(case, address, topic=topic, partitions=PARTITIONS, **arguments),
        env=env.variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == "ready"
        admin = AdminClient({"bootstrap.servers": address})
        admin.create_partitions([NewPartitions(topic, PARTITIONS)])[topic].result()
        fill_each(address, topic, fill)
        said, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    return json.loads(said.splitlines()[-1])


def test_a_producer_sends_to_partitions_that_are_new(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    """As soon as pykafka knows them, though librdkafka would look for them five minutes later."""
    topic = new_topic(broker.address)
    answer = grown(pykafka_env, "produce_to_new_partitions", broker.address, topic, count=3 * PARTITIONS)
    assert answer == {"errors": [], "partitions": list(range(PARTITIONS))}


def test_a_producer_notices_new_partitions_by_itself(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    topic = new_topic(broker.address)
    answer = grown(pykafka_env, "produce_by_age", broker.address, topic, max_age_ms=500)
    assert answer == {"partitions": list(range(PARTITIONS))}


@pytest.mark.parametrize("group", [None, "growing"])
def test_a_consumer_notices_new_partitions_by_itself(
    broker: Broker, pykafka_env: PykafkaEnv, group: str | None
) -> None:
    """And reads each from its beginning."""
    topic = new_topic(broker.address)
    count = 3
    answer = grown(
        pykafka_env,
        "consume_new_partitions",
        broker.address,
        topic,
        fill=count,
        count=count * PARTITIONS,
        group=group,
        max_age_ms=500,
    )
    assert answer["read"] == [[partition, offset] for partition in range(PARTITIONS) for offset in range(count)]
    assert answer["held"] == list(range(PARTITIONS))
