"""What pykafka's consumers in pure Python hand out: whole messages, in turn from the partitions, whoever asks how."""

from __future__ import annotations

import copy
import importlib
import itertools
import pickle
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

COUNT = 1300  # messages; more than twice what is decoded at once
PARTITIONS = 3


def message_of(number: int) -> dict[str, Any]:
    """Keys, headers and sizes that change from one message to the next."""
    return {
        "value": None if number % 7 == 0 else b"v" * (number % 300),
        "key": None if number % 3 else b"k%d" % number,
        "headers": [("n", b"%d" % number)] if number % 5 == 0 else [],
    }


@pytest.fixture
def topic(pykafka: Any, broker: Broker) -> Iterator[Any]:
    """A new topic with COUNT messages of librdkafka's on each of its PARTITIONS."""
    name = f"consumed-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: PARTITIONS})
    producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 100})
    for number, partition in itertools.product(range(COUNT), range(PARTITIONS)):
        producer.produce(name, partition=partition, **message_of(number))
    assert producer.flush(60) == 0
    client = pykafka.KafkaClient(broker.address)
    yield client.topics[name]
    del client


def taken(consumer: Any, how: str) -> list[Any]:
    every = iter(consumer) if how == "iterated" else iter(consumer.consume, None)
    return list(itertools.islice(every, COUNT * PARTITIONS))


@pytest.mark.parametrize("how", ["iterated", "asked"])
def test_messages_are_whole_and_in_order(topic: Any, how: str) -> None:
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000)
    messages = taken(consumer, how)
    consumer.stop()
    for id_, partition in topic.partitions.items():
        mine = [each for each in messages if each.partition_id == id_]
        assert [each.offset for each in mine] == list(range(COUNT))
        assert all(each.partition is partition for each in mine)
        assert [{"value": each.value, "key": each.partition_key, "headers": each.headers} for each in mine] == [
            message_of(number) for number in range(COUNT)
        ]


@pytest.mark.parametrize("how", ["iterated", "asked"])
def test_partitions_take_turns(topic: Any, how: str) -> None:
    """As long as each has something that was fetched, none comes twice before the others."""
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000)
    while min(owned.message_count for owned in consumer._partitions.values()) < COUNT:
        consumer._cluster.handler.sleep(0.05)
    messages = taken(consumer, how)
    consumer.stop()
    turns = [
        sorted(each.partition_id for each in messages[first : first + PARTITIONS])
        for first in range(0, COUNT * PARTITIONS, PARTITIONS)
    ]
    assert turns == [list(range(PARTITIONS))] * COUNT


def test_a_message_has_all_that_messages_have(topic: Any) -> None:
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000)
    first, second = itertools.islice(consumer, 2)
    consumer.stop()
    assert (second.compression_type, second.produce_attempt, second.protocol_version) == (0, 0, 2)
    assert second.delivery_report_q is None
    second.headers.append(("more", b""))
    second.produce_attempt = 3
    first.partition = second.partition = None  # which cannot be pickled
    for again in (copy.copy(second), pickle.loads(pickle.dumps(second))):
        assert again.headers[-1] == ("more", b"")
        assert (again.produce_attempt, again.offset, again.timestamp) == (3, second.offset, second.timestamp)
    assert ("more", b"") not in first.headers
    with pytest.raises(AttributeError, match="no attribute 'unheard_of'"):
        _ = first.unheard_of


def test_a_subclass_s_consume_is_what_is_iterated_over(topic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers replace consume(), for a subclass or in place."""
    consumer_class = importlib.import_module("pykafka.simpleconsumer").SimpleConsumer

    class Counting(consumer_class):  # type: ignore[misc, valid-type]
        asked = 0

        def consume(self, *arguments: Any, **options: Any) -> Any:
            self.asked += 1
            return super().consume(*arguments, **options)

    consumer = Counting(topic, topic._cluster, consumer_timeout_ms=90_000)
    assert len(list(itertools.islice(consumer, 10))) == consumer.asked == 10
    consumer.stop()


def test_records_are_decoded_in_pieces(wire: Wire) -> None:
    """Of a batch and of several; and one that has more bytes than records is noticed in the last piece."""
    message = wire.protocol.Message
    sent = [message(b"%d" % number, protocol_version=2, timestamp=1) for number in range(25)]
    batches = wire.batch.encode_batch(sent) + wire.batch.encode_batch(sent, base_offset=25)
    pieces = list(wire.fetch.FetchedMessages(bytes(batches)).chunks(10, "the partition"))
    assert [len(piece) for piece in pieces] == [10, 10, 5] * 2
    assert [each.offset for piece in pieces for each in piece] == list(range(50))
    assert {each.partition for piece in pieces for each in piece} == {"the partition"}
