"""pykafka's messages in C mode: every field is what the pure mode has, though most are made when they are asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

STAMP = 1_700_000_000_000
"""Milliseconds since the epoch."""


def filled(address: str, count: int) -> str:
    """Make a topic of messages with a value, a key, a header, some of them, or none."""
    topic = new_topic(address)
    producer = Producer({"bootstrap.servers": address})
    for number in range(count):
        producer.produce(
            topic,
            b"%d" % number if number % 3 else None,
            key=b"key" if number % 2 else None,
            timestamp=STAMP + number,
            headers=[("number", b"%d" % number)] if number % 5 == 0 and number % 3 else None,
        )
    assert producer.flush(60) == 0
    return topic


def test_every_field_is_the_pure_modes_whenever_it_is_read(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    count = 1200  # more than are taken over at once
    topic = filled(broker.address, count)
    answer = pykafka_env.run("fields_of_consumed", broker.address, topic=topic, count=count)
    assert [row[0] for row in answer["pure"]] == [str(number) if number % 3 else None for number in range(count)]
    assert [(row[2], row[4]) for row in answer["pure"]] == [(number, STAMP + number) for number in range(count)]
    for way in ("late", "copied", "pickled"):
        assert answer[way] == answer["at once"], way
    for rows in (answer["pure"], answer["at once"]):
        for row in rows:
            del row[7]  # the protocol's version, of which librdkafka says only whether there is a timestamp
    assert answer["at once"] == answer["pure"]


def test_what_nobody_asks_for_is_not_made_and_may_be_set(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    topic = new_topic(broker.address)
    producer = Producer({"bootstrap.servers": broker.address})
    producer.produce(topic, b"x", timestamp=STAMP)
    assert producer.flush(60) == 0
    answer = pykafka_env.run("made_unasked", broker.address, topic=topic)
    assert answer["unasked"] == 0  # its timestamp would be such a number
    assert answer["given"] == [5, "key", "a", 0, "offset"]


def test_every_field_of_a_produced_message_is_the_pure_modes(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    """Also where the memory of the one before is used again, and though most of it is made when it is asked for."""
    count = 200
    topic = new_topic(broker.address)
    answer = pykafka_env.run("fields_of_produced", broker.address, topic=topic, count=count)
    assert answer["c unasked"] == 0
    assert [row[0] for row in answer["pure read"]] == [str(number) for number in range(count)]
    assert all(row[3] is True for row in answer["pure read"])
    assert answer["pure offsets"] == list(range(0, 2 * count, 2))
    assert answer["c offsets"] == [-1] * count
    for way in ("read", "copied", "pickled"):
        for name in ("c", "pure"):
            assert answer[f"{name} {way}"] == answer["pure read"], (name, way)


def test_a_great_value_is_referred_to_until_it_is_delivered_and_no_longer(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    """A subclass of bytes is copied: letting go of it might run code in the middle of anything."""
    assert pykafka_env.run("keep_values", broker.address, topic=new_topic(broker.address)) == [[1, 0], [1, 0], [0, 0]]


def test_a_value_is_let_go_of_though_nobody_calls_the_producer_again(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    assert pykafka_env.run("let_go_soon", broker.address, topic=new_topic(broker.address))


def test_a_value_that_is_refused_is_let_go_of(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    topic = new_topic(broker.address, config={"max.message.bytes": "1000"})
    assert pykafka_env.run("refuse_values", broker.address, topic=topic) == [
        1,
        "ProduceFailureError",
        0,
    ]


@pytest.mark.parametrize("reports", [False, True])
def test_values_arrive_as_they_were_though_their_maker_forgets_them(
    broker: Broker, pykafka_env: PykafkaEnv, reports: bool
) -> None:
    topic, count = new_topic(broker.address), 2000
    answer = pykafka_env.run("send_and_forget", broker.address, topic=topic, count=count, reports=reports)
    assert answer == (count if reports else 0)
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": topic})
    consumer.assign([TopicPartition(topic, 0, 0)])
    for number in range(count):
        message = consumer.poll(60.0)
        assert message is not None
        assert message.value() == hashlib.sha256(b"%d" % number).digest() * 320
    consumer.close()
