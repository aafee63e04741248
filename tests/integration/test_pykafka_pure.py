"""pykafka in pure Python against a real broker, with librdkafka as the witness."""

from __future__ import annotations

import datetime
import importlib
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from .draining import drained

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class Cluster:
    """A client of the broker, and what the tests ask of it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = importlib.import_module("pykafka").KafkaClient(address)
        self.protocol = importlib.import_module("pykafka.protocol")

    def topic(self, partitions: int = 1, **config: str) -> Any:
        """Create a topic and return pykafka's object for it."""
        name = uuid.uuid4().hex[:12].encode()
        entries = [(key.replace("_", ".").encode(), value.encode()) for key, value in config.items()]
        request = self.protocol.CreateTopicRequest(name, partitions, 1, [], entries)
        self.client.cluster.controller_broker.create_topics([request], 10_000)
        self.client.update_cluster()
        topic = self.client.topics[name]
        topic.latest_available_offsets()  # its leaders are ready
        return topic

    def witness(self, topic: Any, count: int) -> list[Any]:
        """What librdkafka reads of partition 0."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "witness", "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic.name.decode(), 0, 0)])
        try:
            messages = consumer.consume(count, 90)
        finally:
            consumer.close()
        assert len(messages) == count
        assert not any(message.error() for message in messages)
        return list(messages)


@pytest.fixture(scope="module")
def cluster(pykafka: Any, broker: Broker) -> Cluster:
    assert pykafka.KafkaClient
    return Cluster(broker.address)


@pytest.fixture(scope="module")
def errors(pykafka: Any) -> Any:
    assert pykafka.KafkaClient
    return importlib.import_module("pykafka.exceptions")


def produce(topic: Any, values: Iterable[bytes], **settings: Any) -> None:
    with topic.get_producer(linger_ms=10, **settings) as producer:
        for value in values:
            producer.produce(value)


def consume(topic: Any, count: int, **settings: Any) -> list[Any]:
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000, **settings)
    messages = [consumer.consume() for _ in range(count)]
    consumer.stop()
    assert None not in messages
    return messages


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % i for i in range(first, last)]


def test_messages_come_back_as_they_were_sent(cluster: Cluster) -> None:
    topic = cluster.topic()
    when = datetime.datetime(2024, 2, 29, 12, 30, 15, 123_000)  # noqa: DTZ001 - pykafka takes naive UTC
    sent: list[dict[str, Any]] = [
        {"message": b"value", "partition_key": b"key", "timestamp": when, "headers": [("a", b"1"), ("\u00fc", None)]},
        {"message": b"", "partition_key": b""},
        {"message": None, "partition_key": b"tombstone"},
        {"message": b"x" * 500_000},
    ]
    with topic.get_producer(linger_ms=10, delivery_reports=True) as producer:
        made = [producer.produce(**arguments) for arguments in sent]
    for message in consume(topic, len(sent)):
        arguments = sent[message.offset]
        assert (message.value, message.partition_key) == (arguments["message"], arguments.get("partition_key"))
        assert message.headers == arguments.get("headers", [])
        assert abs(message.timestamp - made[message.offset].timestamp) == 0
        assert made[message.offset].offset == message.offset
    first, *rest = cluster.witness(topic, len(sent))
    assert first.headers() == [("a", b"1"), ("\u00fc", None)]
    assert first.timestamp()[1] == when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000
    assert [message.value() for message in rest] == [arguments["message"] for arguments in sent[1:]]


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_both_ways(cluster: Cluster, codec: str) -> None:
    """150 kB: an LZ4 frame then has more than one block, and snappy more than one chunk."""
    values = [b"%06d" % i * 25 for i in range(1000)]
    topic = cluster.topic()
    produce(topic, values, compression=CODECS[codec])
    assert [message.value() for message in cluster.witness(topic, len(values))] == values
    topic = cluster.topic()
    other = Producer({"bootstrap.servers": cluster.address, "compression.type": codec, "linger.ms": 100})
    for value in values:
        other.produce(topic.name.decode(), value, partition=0)
    other.flush(30)
    assert [message.value for message in consume(topic, len(values))] == values


def test_topics_offsets_and_groups_are_administered(cluster: Cluster, errors: Any) -> None:
    topic = cluster.topic(partitions=2)
    produce(topic, numbers(0, 10))
    assert {id_: limit.offset for id_, limit in topic.latest_available_offsets().items()} == {0: [5], 1: [5]}
    consumer = topic.get_simple_consumer(consumer_group=topic.name, auto_start=False)
    consumer.commit_offsets([(topic.partitions[1], 3)])
    assert {id_: offset.offset for id_, offset in consumer.fetch_offsets()} == {0: -1, 1: 3}
    assert topic.name in cluster.client.cluster.get_managed_group_descriptions()
    cluster.client.cluster.controller_broker.delete_topics([topic.name], 10_000)
    with pytest.raises(errors.UnknownTopicOrPartition):
        cluster.client.cluster.controller_broker.delete_topics([b"no-such-topic"], 10_000)


def test_consumption_begins_at_a_time(cluster: Cluster) -> None:
    topic = cluster.topic()
    epoch = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - pykafka takes naive UTC
    with topic.get_producer(linger_ms=10) as producer:
        for hour in range(10):
            producer.produce(b"%d" % hour, timestamp=epoch + datetime.timedelta(hours=hour))
    consumer = topic.get_simple_consumer(consumer_timeout_ms=1000)
    consumer.reset_offsets([(topic.partitions[0], epoch + datetime.timedelta(hours=6))])
    assert [message.value for message in drained(consumer, count=4)] == numbers(6, 10)
    consumer.reset_offsets([(topic.partitions[0], epoch + datetime.timedelta(days=9))])
    produce(topic, [b"later"])
    assert [message.value for message in drained(consumer, count=1)] == [b"later"]
    consumer.stop()


def test_a_refused_request_raises(cluster: Cluster, errors: Any) -> None:
    topic = cluster.topic(cleanup_policy="compact")
    with topic.get_sync_producer() as producer, pytest.raises(errors.InvalidRecord, match="without key"):
        producer.produce(b"no key")
    existing = cluster.protocol.CreateTopicRequest(topic.name, 1, 1, [], [])
    with pytest.raises(errors.TopicAlreadyExists):
        cluster.client.cluster.controller_broker.create_topics([existing], 10_000)


def test_a_message_that_is_not_delivered_raises(cluster: Cluster, errors: Any) -> None:
    topic = cluster.topic(max_message_bytes="20000")
    producer = topic.get_producer(linger_ms=10)
    producer.produce(b"x" * 30_000)
    with pytest.raises(errors.ProduceFailureError, match="MessageSizeTooLarge"):
        producer.stop()
    producer.stop()  # it was told, and is stopped


def test_a_batch_that_is_too_large_is_split(cluster: Cluster) -> None:
    topic = cluster.topic(max_message_bytes="20000")
    values = [b"%03d" % i * 100 for i in range(500)]
    produce(topic, values)
    assert sorted(message.value for message in consume(topic, len(values))) == values


def test_stop_sends_what_is_queued_at_once(cluster: Cluster) -> None:
    topic = cluster.topic()
    begin = time.monotonic()
    with topic.get_producer(linger_ms=500_000, delivery_timeout_ms=500_000, pending_timeout_ms=500_000) as producer:
        for value in numbers(0, 100):
            producer.produce(value)
    assert time.monotonic() - begin < 400
    assert [message.value for message in consume(topic, 100)] == numbers(0, 100)


def test_first_use_of_a_topic_waits_for_it(cluster: Cluster) -> None:
    topic = cluster.client.topics[uuid.uuid4().hex.encode()]
    with topic.get_sync_producer() as producer:
        producer.produce(b"first")
    assert consume(topic, 1)[0].value == b"first"


def test_a_failed_fetcher_raises_in_consume(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library that the messages were compressed with is missing here: nothing may look like an empty topic."""
    topic = cluster.topic()
    produce(topic, numbers(0, 10), compression=CODECS["zstd"])
    compression = importlib.import_module("pykafka.utils.compression")
    for library in ("zstd", "zstandard"):
        monkeypatch.setattr(compression, library, None)
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000)
    with pytest.raises(ImportError, match="zstandard"):
        consumer.consume()


def test_aborted_transactions_are_left_out_if_that_is_asked_for(cluster: Cluster) -> None:
    topic = cluster.topic()
    producer = Producer({"bootstrap.servers": cluster.address, "transactional.id": topic.name.decode()})
    producer.init_transactions(30)
    for value, end in ((b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic.name.decode(), value)
        producer.flush(30)
        end(30)
    assert [message.value for message in consume(topic, 2)] == [b"aborted", b"committed"]
    committed = importlib.import_module("pykafka.common").IsolationLevel.READ_COMMITTED
    (message,) = consume(topic, 1, isolation_level=committed)
    assert (message.value, message.offset) == (b"committed", 2)
    consumer = topic.get_simple_consumer(consumer_timeout_ms=500)
    assert len(drained(consumer, count=2)) == 2
    produce(topic, [b"after"])
    assert drained(consumer, count=1)[0].value == b"after"  # the mark of the transaction was stepped over
    consumer.stop()


def test_a_program_ends_though_nothing_was_stopped(pykafka: Any, cluster: Cluster) -> None:
    """Since Python 3.13 a destructor that waits for a daemon thread at the interpreter's end waits for ever."""
    topic = cluster.topic()
    code = f"""
import sys
sys.path.insert(0, {str(Path(pykafka.__file__).parents[1])!r})
import pykafka
client = pykafka.KafkaClient({cluster.address!r})
topic = client.topics[{topic.name!r}]
producer = topic.get_producer()
producer.produce(b"queued")
consumer = topic.get_simple_consumer(consumer_group=topic.name, auto_commit_enable=True)
member = topic.get_balanced_consumer(b"m" + topic.name, managed=True)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert consume(topic, 1)[0].value == b"queued"


def until(seconds: float, condition: Any) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_managed_group_rebalances_commits_and_resumes(cluster: Cluster) -> None:
    topic = cluster.topic(partitions=4)

    def member() -> Any:
        return topic.get_balanced_consumer(
            topic.name, managed=True, consumer_timeout_ms=1000, auto_commit_enable=True, heartbeat_interval_ms=200
        )

    def read(*members: Any, count: int = 400) -> Counter[int]:
        return Counter(int(message.value) for message in drained(*members, count=count))

    produce(topic, numbers(0, 400))
    first = member()
    assert read(first) == Counter(range(400))
    second = member()
    until(60, lambda: len(first.partitions) == len(second.partitions) == 2)
    assert not first.partitions.keys() & second.partitions.keys()
    produce(topic, numbers(400, 800))
    assert read(first, second) == Counter(range(400, 800))
    second.stop()
    until(60, lambda: len(first.partitions) == 4)
    produce(topic, numbers(800, 1200))
    assert read(first) == Counter(range(800, 1200))
    first.stop()
    produce(topic, numbers(1200, 1300))
    third = member()
    assert read(third, count=100) == Counter(range(1200, 1300))
    third.stop()


def test_a_member_that_the_group_forgot_joins_again(cluster: Cluster) -> None:
    topic = cluster.topic()
    produce(topic, numbers(0, 10))
    consumer = topic.get_balanced_consumer(
        topic.name, managed=True, consumer_timeout_ms=2000, heartbeat_interval_ms=200
    )
    was = consumer._consumer_id
    coordinator = cluster.client.cluster.get_group_coordinator(topic.name)
    coordinator.leave_group("somebody else", topic.name, was)
    until(60, lambda: consumer._consumer_id not in {was, b""})
    assert Counter(int(message.value) for message in drained(consumer, count=10)) == Counter(range(10))
    consumer.commit_offsets()
    consumer.stop()
