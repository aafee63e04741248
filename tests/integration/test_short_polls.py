"""What a consumer reads whose polls are shorter than the exchanges that it takes to join its group again."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from kafka_forge.brokers import admin

from . import artifacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet

POLL_MS = 20
ANSWER_SECONDS = 0.2
"""So long each answer is held back: no poll sees both the question and its answer."""
SECONDS = 60

CHANGES = {
    "another topic is subscribed to": """
consumer.subscribe([topic, other])
""",
    "a partition is added": """
administration = kafka.KafkaAdminClient(bootstrap_servers=address)
administration.create_partitions({topic: 2})
administration.close()
""",
}
PROGRAM = """
import json, sys, time
import kafka
address, topic, other, poll_ms, seconds, change = sys.argv[1:]
read, deadline = [], time.monotonic() + float(seconds)
consumer = kafka.KafkaConsumer(
    bootstrap_servers=address, group_id=topic, auto_offset_reset="earliest", metadata_max_age_ms=500
)

def read_until(enough):
    while not enough() and time.monotonic() < deadline:
        for several in consumer.poll(int(poll_ms)).values():
            read.extend(each.value.decode() for each in several)

consumer.subscribe([topic])
read_until(lambda: read)
exec(change)
read_until(lambda: len(consumer.assignment()) == 2)
joined = time.monotonic() < deadline
producer = kafka.KafkaProducer(bootstrap_servers=address)
for each in consumer.assignment():
    producer.send(each.topic, str(each.partition).encode(), partition=each.partition)
producer.flush()
read_until(lambda: len(read) == 3)
print(json.dumps([joined, len(read)]))
consumer.close()
"""


@pytest.fixture(scope="module")
def kafka_python() -> Iterator[Environment]:
    with artifacts.installed("kafka-python") as fresh:
        yield fresh


@pytest.mark.parametrize("change", CHANGES)
def test_a_rejoin_that_outlasts_a_poll_is_completed_by_later_ones(
    suffering: tuple[Cluster, Links], kafka_python: Environment, tmp_path: Path, change: str
) -> None:
    """As KAFKA-9815: what brought the rejoin about is no longer to be seen once it has begun."""
    cluster, between = suffering
    topic, other = (f"polls-{uuid.uuid4().hex}" for _ in range(2))
    admin.create_topics(cluster.internal, {topic: 1, other: 1}, timeout=60.0, copies=3, watch=cluster.check)
    producer = Producer({"bootstrap.servers": cluster.internal})
    producer.produce(topic, "first")
    assert producer.flush(60) == 0
    arguments = [cluster.address, topic, other, str(POLL_MS), str(SECONDS), CHANGES[change]]
    between.slow(ANSWER_SECONDS)
    try:
        ended = artifacts.run(kafka_python, PROGRAM, *arguments, folder=tmp_path, seconds=3 * SECONDS)
    finally:
        between.mend()
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [True, 3], ended.stderr
