"""What consumers of a group do when the coordinator is another broker by the time that they ask for their offsets."""

from __future__ import annotations

import json
import textwrap
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from kafka_forge.brokers import admin, links

from . import artifacts

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet

MESSAGES = 12
SECONDS = 60
"""So long a consumer waits for them; it asks again within a second."""

CONFLUENT = """
    from confluent_kafka import Consumer
    consumer = Consumer({"bootstrap.servers": address, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while len(read) < messages and time.monotonic() < deadline:
        read += [each.value().decode() for each in consumer.consume(messages, 0.2) if not each.error()]
    consumer.close()
    """
PYKAFKA = """
    from pykafka import KafkaClient
    from pykafka.common import OffsetType
    client = KafkaClient(address)
    consumer = client.topics[topic].{make}
    while len(read) < messages and time.monotonic() < deadline:
        message = consumer.consume(block=False)
        time.sleep(0 if message else 0.05)
        read += [message.value.decode()] if message else []
    consumer.stop()
    """
SIMPLE = (
    "get_simple_consumer(consumer_group=topic, use_rdkafka={}, auto_offset_reset=OffsetType.EARLIEST, "
    "auto_commit_enable=True)"
)
MANAGED = (
    "get_balanced_consumer(consumer_group=topic, managed=True, use_rdkafka={}, auto_offset_reset=OffsetType.EARLIEST)"
)
CONSUMERS = {
    "python-confluent-kafka": CONFLUENT,
    "python-confluent-kafka, consumer protocol": CONFLUENT.replace(
        '"group.id"', '"group.protocol": "consumer", "group.id"'
    ),
    "pykafka, simple, pure": PYKAFKA.format(make=SIMPLE.format(False)),
    "pykafka, simple, C": PYKAFKA.format(make=SIMPLE.format(True)),
    "pykafka, managed, pure": PYKAFKA.format(make=MANAGED.format(False)),
    "pykafka, managed, C": PYKAFKA.format(make=MANAGED.format(True)),
    "kafka-python": """
    from kafka import KafkaConsumer
    consumer = KafkaConsumer(topic, bootstrap_servers=address, group_id=topic, auto_offset_reset="earliest")
    while len(read) < messages and time.monotonic() < deadline:
        read += [each.value.decode() for several in consumer.poll(200).values() for each in several]
    consumer.close()
    """,
}


@pytest.mark.parametrize("client", CONSUMERS)
def test_a_group_reads_though_another_broker_was_asked_for_its_offsets(
    suffering: tuple[Cluster, Links], made: list[tuple[Environment, Contract]], tmp_path: Path, client: str
) -> None:
    """confluentinc/librdkafka#5586: after NOT_COORDINATOR, a consumer never asked for its offsets again."""
    cluster, between = suffering
    topic = f"coordinator-{uuid.uuid4().hex}"
    admin.create_topics(cluster.internal, {topic: 3}, timeout=60.0, copies=3, watch=cluster.check)
    sent = sorted(str(number) for number in range(MESSAGES))
    producer = Producer({"bootstrap.servers": cluster.internal})
    for value in sent:
        producer.produce(topic, value)
    assert producer.flush(60) == 0
    program = f"""
import json, sys, time
address, topic, messages = sys.argv[1], sys.argv[2], {MESSAGES}
read, deadline = [], time.monotonic() + {SECONDS}
{textwrap.dedent(CONSUMERS[client])}
print(json.dumps(sorted(read)))
"""
    recipe = client.partition(",")[0]
    (env,) = [env for env, _ in made if env.artifact.cell.recipe == recipe]
    before = between.counts.get("refuse-first", 0)
    between.refuse_first(1, links.OFFSET_FETCH)
    try:
        ended = artifacts.run(env, program, cluster.address, topic, folder=tmp_path, seconds=3 * SECONDS)
    finally:
        between.mend()
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == sent, ended.stderr
    assert between.counts.get("refuse-first", 0) > before
