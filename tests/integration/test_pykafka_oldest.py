"""pykafka in pure Python against the oldest Kafkas here, before record batches, with librdkafka as the witness."""

from __future__ import annotations

import datetime
import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from kazoo.client import KazooClient

from kafka_forge import brokers
from kafka_forge.brokers import admin
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .draining import drained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration
CODECS = ("none", "gzip", "snappy", "lz4")
VALUES = [b"%d" % number for number in range(100)]
NOON = datetime.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - pykafka takes naive UTC


@pytest.fixture(scope="module", params=["0.10.2.2", "0.10.0.1"])
def oldest(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with brokers.start(request.param, Cache.default(), Silent()) as started:
        if request.param == "0.10.2.2":
            admin.create_topics(
                started.address, {**dict.fromkeys(CODECS, 1), "group": 2, "refused": 1, "idempotence": 1}
            )
        else:  # the other topics come by being asked for
            created_in_zookeeper(started, "group", 2)
        yield started


def created_in_zookeeper(broker: Broker, topic: str, partitions: int) -> None:
    """Create a topic as Kafka's own tools did before CreateTopics (KIP-4, 0.10.1): the controller sees it there."""
    replicas = {str(number): [1] for number in range(partitions)}
    keeper = KazooClient(broker.zookeeper)
    keeper.start()
    keeper.create(f"/brokers/topics/{topic}", json.dumps({"version": 1, "partitions": replicas}).encode())
    keeper.stop()
    keeper.close()


def witnessed(address: str, topic: str) -> list[tuple[bytes | None, bytes | None, int]]:
    settings = {"bootstrap.servers": address, "group.id": "witness", "enable.auto.commit": False}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [(each.key(), each.value(), each.timestamp()[1]) for each in consumer.consume(len(VALUES), 90)]
    finally:
        consumer.close()


@pytest.mark.parametrize("codec", CODECS)
def test_messages_go_both_ways(pykafka: Any, oldest: Broker, codec: str) -> None:
    compression = importlib.import_module("pykafka.common").CompressionType
    client = pykafka.KafkaClient(oldest.address)
    topic = client.topics[codec]
    with topic.get_producer(linger_ms=10, compression=getattr(compression, codec.upper())) as producer:
        for value in VALUES:
            producer.produce(value, partition_key=b"key", timestamp=NOON)
    milliseconds = int((NOON - datetime.datetime(1970, 1, 1)).total_seconds() * 1000)  # noqa: DTZ001
    assert witnessed(oldest.address, codec) == [(b"key", value, milliseconds) for value in VALUES]
    consumer = topic.get_simple_consumer(consumer_timeout_ms=1000)
    read = drained(consumer, count=len(VALUES))
    consumer.stop()
    assert [(each.partition_key, each.value, each.timestamp) for each in read] == witnessed(oldest.address, codec)


def test_a_group_commits_and_resumes(pykafka: Any, oldest: Broker) -> None:
    client = pykafka.KafkaClient(oldest.address)
    topic = client.topics["group"]

    def produce() -> None:
        with topic.get_producer(linger_ms=10) as producer:
            for value in VALUES:
                producer.produce(value)

    def read() -> list[bytes]:
        member = topic.get_balanced_consumer("group", managed=True, consumer_timeout_ms=1000)
        values = [each.value for each in drained(member, count=len(VALUES))]
        member.commit_offsets()
        member.stop()
        return sorted(values, key=int)

    produce()
    assert read() == VALUES
    produce()
    assert read() == VALUES


def test_what_it_cannot_hold_raises(pykafka: Any, oldest: Broker) -> None:
    errors, common = importlib.import_module("pykafka.exceptions"), importlib.import_module("pykafka.common")
    client = pykafka.KafkaClient(oldest.address)
    topic = client.topics["refused"]
    with pytest.raises(errors.UnsupportedVersionError, match="headers"), topic.get_sync_producer() as producer:
        producer.produce(b"value", headers=[("name", b"value")])
    with (
        pytest.raises(errors.UnsupportedVersionError, match="zstd"),
        topic.get_sync_producer(compression=common.CompressionType.ZSTD) as producer,
    ):
        producer.produce(b"value")


def test_what_is_sent_again_may_be_repeated_but_is_not_lost(pykafka: Any, oldest: Broker) -> None:
    """They know no idempotent producer: it is had where it can be had, and not promised where it cannot."""
    errors = importlib.import_module("pykafka.exceptions")
    client = pykafka.KafkaClient(oldest.address)
    topic = client.topics["idempotence"]
    with pytest.raises(errors.UnsupportedVersionError, match="enable_idempotence"):
        topic.get_producer(required_acks=-1, enable_idempotence=True)
    with topic.get_producer(required_acks=-1, linger_ms=10) as producer:
        for value in VALUES:
            producer.produce(value, timestamp=0)
    assert witnessed(oldest.address, "idempotence") == [(None, value, 0) for value in VALUES]


def test_topics_are_created_where_the_broker_has_a_request_for_it(pykafka: Any, oldest: Broker) -> None:
    errors, protocol = importlib.import_module("pykafka.exceptions"), importlib.import_module("pykafka.protocol")
    controller = pykafka.KafkaClient(oldest.address).cluster.controller_broker
    wanted = [protocol.CreateTopicRequest(b"wanted", 3, 1, [], [])]
    if oldest.version == "0.10.0.1":
        with pytest.raises(errors.UnsupportedVersionError, match="CreateTopicsRequest"):
            controller.create_topics(wanted, 10_000)
    else:
        controller.create_topics(wanted, 10_000)
        assert admin.describe_topics(oldest.address)["wanted"] == 3
