"""What pykafka's pure producer refuses at the door, by name; and that what it accepted before and after arrives."""

from __future__ import annotations

import datetime
import importlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

BERLIN = datetime.timezone(datetime.timedelta(hours=1))
AWARE = datetime.datetime(2024, 1, 1, 1, tzinfo=BERLIN)
NAIVE = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - pykafka takes naive UTC
NOON = 1_704_067_200_000

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"message": "text"}, TypeError, "message"),
    ({"message": bytearray(b"x")}, TypeError, "message"),
    ({"message": 5}, TypeError, "message"),
    ({"partition_key": "text"}, TypeError, "partition_key"),
    ({"partition_key": 5}, TypeError, "partition_key"),
    ({"timestamp": "yesterday"}, TypeError, "timestamp"),
    ({"timestamp": True}, TypeError, "timestamp"),
    ({"timestamp": -1}, ValueError, "timestamp"),
    ({"timestamp": float("nan")}, ValueError, "timestamp"),
    ({"timestamp": float("inf")}, ValueError, "timestamp"),
    ({"timestamp": 2**63}, ValueError, "timestamp"),
    ({"timestamp": datetime.datetime(1969, 1, 1)}, ValueError, "timestamp"),  # noqa: DTZ001
    ({"headers": {"name": b"value"}}, TypeError, "headers"),
    ({"headers": "ab"}, TypeError, "headers"),
    ({"headers": ["ab"]}, TypeError, "headers"),
    ({"headers": [("name", "value")]}, TypeError, "headers"),
    ({"headers": [(b"name", b"value")]}, TypeError, "headers"),
    ({"headers": [("name",)]}, TypeError, "headers"),
    ({"headers": [("\ud800", b"value")]}, ValueError, "headers"),
]
SERIALIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "value": lambda _value, key: ("text", key),
    "partition_key": lambda value, _key: (value, "text"),
    "a tuple": lambda value, _key: value,
    "returned": lambda value, _key: (value,),
}


@pytest.fixture(scope="module")
def client(pykafka: Any, broker: Broker) -> Any:
    return pykafka.KafkaClient(broker.address)


@pytest.fixture(scope="module")
def topic(client: Any, broker: Broker) -> Any:
    name = f"refusals-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1})
    client.update_cluster()
    return client.topics[name]


def last(broker: Broker, topic: Any, count: int) -> list[Any]:
    """The last messages of the topic, as librdkafka reads them."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "witness", "enable.auto.commit": False})
    place = TopicPartition(topic.name.decode(), 0)
    try:
        _, end = consumer.get_watermark_offsets(place, timeout=30)
        place.offset = end - count
        consumer.assign([place])
        return list(consumer.consume(count, 30))
    finally:
        consumer.close()


@pytest.mark.parametrize(("arguments", "error", "name"), REFUSED)
def test_what_cannot_be_encoded_is_refused_at_once(
    topic: Any, broker: Broker, arguments: dict[str, Any], error: type[Exception], name: str
) -> None:
    """A str in a header ended the worker, and lost the good messages before and after it."""
    with topic.get_producer(linger_ms=10) as producer:
        producer.produce(b"before")
        with pytest.raises(error, match=name):
            producer.produce(**{"message": b"refused", **arguments})
        producer.produce(b"after")
    assert [message.value() for message in last(broker, topic, 2)] == [b"before", b"after"]


@pytest.mark.parametrize("said", SERIALIZERS)
def test_what_a_serializer_may_not_return_is_refused_at_once(topic: Any, said: str) -> None:
    with topic.get_producer(serializer=SERIALIZERS[said]) as producer:
        with pytest.raises(TypeError, match="serializer") as refused:
            producer.produce(b"anything")
        assert said in str(refused.value)


def test_what_a_partitioner_may_not_return_is_refused_at_once(topic: Any) -> None:
    producer = topic.get_producer(partitioner=lambda _partitions, _key: 0)
    with pytest.raises(TypeError, match="partitioner"), producer:
        producer.produce(b"x")


@pytest.mark.parametrize(
    ("given_time", "milliseconds"), [(NAIVE, NOON), (AWARE, NOON), (NOON, NOON), (NOON + 0.5, NOON), (0, 0)]
)
def test_times_arrive_as_they_were_meant(topic: Any, broker: Broker, given_time: Any, milliseconds: int) -> None:
    with topic.get_producer(linger_ms=0) as producer:
        assert producer.produce(b"x", timestamp=given_time).timestamp == milliseconds
    (message,) = last(broker, topic, 1)
    assert message.timestamp()[1] == milliseconds


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
anything = st.one_of(st.none(), st.binary(max_size=5), st.text(max_size=5), st.integers(), st.floats(), st.booleans())


@settings(max_examples=60)
@given(
    message=anything,
    partition_key=anything,
    timestamp=anything,
    headers=st.one_of(
        anything,
        st.lists(st.tuples(names, st.none() | st.binary(max_size=5)), max_size=2),
        st.lists(st.tuples(anything, anything), max_size=2),
    ),
)
def test_a_message_is_delivered_or_refused_whatever_it_is(topic: Any, broker: Broker, **arguments: Any) -> None:
    errors = importlib.import_module("pykafka.exceptions")
    made = said = None
    with topic.get_sync_producer(pending_timeout_ms=60_000) as producer:
        try:
            made = producer.produce(**arguments)
        except (TypeError, ValueError) as refused:
            said = str(refused)
        except errors.InvalidTimestamp:  # of a time that is far ahead, which is the broker's to refuse
            return
    if said is not None:
        named = [name for name in arguments if name in said]
        assert named, said
        return
    assert made is not None
    (message,) = last(broker, topic, 1)
    assert (message.value(), message.key()) == (arguments["message"], arguments["partition_key"])
    assert message.offset() == made.offset
    assert (message.headers() or []) == [tuple(pair) for pair in arguments["headers"] or []]


def test_a_partitioner_may_be_shared(topic: Any) -> None:
    """Another thread, for a topic of ten partitions, comes between any two steps."""
    partitioners = importlib.import_module("pykafka.partitioners")

    class Shared(partitioners.RandomPartitioner):  # type: ignore[name-defined, misc]
        idx = property(lambda _: 9, lambda _, __: None)

    partition = topic.partitions[0]
    assert [Shared()([partition] * count, None) for count in (1, 2, 3)] == [partition] * 3


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("partitioner", 5, TypeError),
        ("serializer", "utf-8", TypeError),
        ("compression", "gzip", ValueError),
        ("compression", 5, ValueError),
        ("required_acks", -2, ValueError),
        ("required_acks", "all", TypeError),
        ("pending_timeout_ms", None, TypeError),
        ("pending_timeout_ms", -2, ValueError),
        ("delivery_timeout_ms", 0, ValueError),
        ("delivery_timeout_ms", -5, ValueError),
        ("ack_timeout_ms", 2**31, ValueError),
        ("max_retries", -1, ValueError),
        *[
            (name, value, error)
            for name in (
                "ack_timeout_ms",
                "linger_ms",
                "max_queued_messages",
                "max_request_size",
                "max_retries",
                "min_queued_messages",
                "retry_backoff_max_ms",
                "retry_backoff_ms",
            )
            for value, error in (("5", TypeError), (-1, ValueError), (float("nan"), ValueError))
        ],
    ],
)
def test_a_producer_s_arguments_are_refused_by_name(topic: Any, name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        topic.get_producer(**{name: value})


def test_a_codec_that_is_not_installed_is_named_at_once(topic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compression = importlib.import_module("pykafka.utils.compression")
    for library in ("zstd", "zstandard"):
        monkeypatch.setattr(compression, library, None)
    with pytest.raises(ImportError, match="zstandard"):
        topic.get_producer(compression=4)


@pytest.mark.parametrize(
    "options",
    [
        {"max_queued_messages": 0, "linger_ms": 0},
        {"max_queued_messages": 1, "min_queued_messages": 10_000},
        {"linger_ms": 0.5, "min_queued_messages": 1},
        {"delivery_timeout_ms": -1, "pending_timeout_ms": -1, "queue_empty_timeout_ms": -1},
        {
            "linger_ms": 2**31 - 1,
            "delivery_timeout_ms": 2**31 - 1,
            "pending_timeout_ms": 2**40,
            "retry_backoff_ms": 2**40,
        },
        {"ack_timeout_ms": 2**31 - 1, "max_retries": 2**31 - 1, "max_request_size": 2**31 - 1},
        {"required_acks": 0},
        {"required_acks": 2},
    ],
)
def test_a_producer_takes_the_edges_of_its_arguments(topic: Any, broker: Broker, options: dict[str, Any]) -> None:
    values = [b"%d" % number for number in range(10)]
    with topic.get_producer(**{"pending_timeout_ms": 60_000, **options}) as producer:
        for value in values:
            producer.produce(value)
    if options.get("required_acks") != 0:  # nobody says then when it is written
        assert [message.value() for message in last(broker, topic, 10)] == values
