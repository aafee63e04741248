"""What cannot be sent is refused by that very produce() of pykafka's C mode, and names the argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .pykafka_topics import new_topic, read

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

NAMES = {
    "TypeError: Producer.produce accepts a bytes object as message, ": ["str", "bytearray", "number"],
    "TypeError: Producer.produce accepts a bytes object as partition_key, ": ["str as key"],
    "TypeError: timestamp ": ["time as str", "bool"],
    "ValueError: timestamp=": [
        "before 1970",
        "last day",
        "negative",
        "too late",
        "no number",
        "endless",
        "the present for librdkafka",
    ],
    "TypeError: headers ": [
        "dict",
        "headers as str",
        "no pair",
        "two letters",
        "name of bytes",
        "value of str",
        "no name",
    ],
    "ValueError: headers: ": ["surrogate"],
}
CHOSEN = {"TypeError: partitioner must return ": ["nothing", "number", "below", "no number"]}
FROM_SERIALIZERS = {
    "TypeError: a serializer must return ": ["no pair", "three"],
    "TypeError: Producer.produce accepts a bytes object as message from the serializer": ["str"],
    "TypeError: Producer.produce accepts a bytes object as partition_key from the serializer": ["str as key"],
}


def test_bad_arguments_are_refused_by_name_and_keep_no_good_message_back(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    topic = new_topic(broker.address)
    answer = pykafka_env.run("refuse_arguments", broker.address, topic=topic)
    assert set(answer["good"].values()) == {""}
    tables = {"bad": NAMES, "unserializable": FROM_SERIALIZERS, "chosen": CHOSEN}
    for said, table in ((answer[name], table) for name, table in tables.items()):
        expected = {case: start for start, cases in table.items() for case in cases}
        assert set(said) == set(expected)
        for case, start in expected.items():
            assert said[case].startswith(start), (case, said[case])
    written = read(broker.address, topic, len(answer["good"]) + 1)
    assert [message.value() for message in written] == [None, *[b"v"] * (len(answer["good"]) - 1), b"after"]
    times = {message.timestamp()[1] for message in written[2:6]}
    assert times == {1_577_836_800_000}
    assert [message.headers() for message in written[6:9]] == [None, *[[("a", b"1"), ("b", None)]] * 2]


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (
            "producer",
            [
                ({"required_acks": -2}, "ValueError: required_acks=-2 "),
                ({"required_acks": True}, ""),
                ({"pending_timeout_ms": -2}, "ValueError: pending_timeout_ms=-2 "),
                ({"pending_timeout_ms": None}, "TypeError: pending_timeout_ms=None "),
                ({"pending_timeout_ms": "1"}, "TypeError: pending_timeout_ms='1' "),
                ({"pending_timeout_ms": 2**40}, ""),
                ({"delivery_timeout_ms": "1"}, "TypeError: delivery_timeout_ms='1' "),
                ({"linger_ms": "1"}, "TypeError: linger_ms='1' "),
                ({"linger_ms": None}, "TypeError: linger_ms=None "),
                ({"linger_ms": float("nan")}, "ValueError: linger_ms=nan "),
                ({"partitioner": 5}, "TypeError: partitioner=5 "),
                ({"serializer": 5}, "TypeError: serializer=5 "),
            ],
        ),
        ("consumer", [({"deserializer": 5}, "TypeError: deserializer=5 ")]),
    ],
)
def test_clients_refuse_by_name_what_an_argument_cannot_be(
    broker: Broker, pykafka_env: PykafkaEnv, kind: str, refused: list[tuple[dict[str, Any], str]]
) -> None:
    topic = new_topic(broker.address)
    clients = [options for options, _ in refused]
    said = pykafka_env.run("refuse_clients", broker.address, topic=topic, kind=kind, clients=clients)
    for (options, start), answer in zip(refused, said, strict=True):
        assert bool(answer) == bool(start), (options, answer)
        assert answer.startswith(start), (options, answer)
