"""pykafka's C mode tries again as long as it was told to, and neither repeats nor reorders where it is idempotent."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from .kafka_proxy import PRODUCE, Proxy, lose_answer, lose_request
from .pykafka_topics import end_of, new_topic, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .kafka_proxy import Asked, Fault
    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

COUNT = 300
NOT_LEADER = 6
OFTEN = 6  # more than the three retries that there were


class Before(Proxy):
    """A proxy for librdkafka, which asks for Metadata in versions whose strings have a length of another form."""

    def _with_our_port(self, answer: bytes) -> bytes:
        host, theirs = self._upstream
        ours = int(self.address.rpartition(":")[2])
        return answer.replace(
            host.encode() + theirs.to_bytes(4, "big"),
            host.encode() + ours.to_bytes(4, "big"),
        )


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Before]:
    """A proxy before the broker."""
    with Before(broker.address) as started:
        yield started


@pytest.fixture
def topic(broker: Broker) -> str:
    """A new topic of one partition."""
    return new_topic(broker.address)


def written(broker: Broker, topic: str) -> list[int]:
    """The numbers in the topic's log."""
    return [int(message.value()) for message in read(broker.address, topic, end_of(broker.address, topic))]


def test_what_the_broker_had_before_the_connection_broke_is_not_repeated(
    broker: Broker, pykafka_env: PykafkaEnv, proxy: Before, topic: str
) -> None:
    proxy.order(PRODUCE, lose_answer, times=2)
    options = {"required_acks": -1, "min_queued_messages": 10}
    assert not pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=COUNT, options=options)
    assert not proxy.unmet(PRODUCE)
    assert written(broker, topic) == list(range(COUNT))


def test_it_is_repeated_where_the_producer_may_not_be_idempotent(
    broker: Broker, pykafka_env: PykafkaEnv, proxy: Before, topic: str
) -> None:
    """So the fault of the test above is one."""
    proxy.order(PRODUCE, lose_answer, times=2)
    options = {"required_acks": -1, "min_queued_messages": 10, "enable_idempotence": False}
    assert not pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=COUNT, options=options)
    assert len(written(broker, topic)) > COUNT


def slow_refusal(topic: str) -> Fault:
    """Say of a request, after a while in which others follow it, that the broker does not lead; it never has it."""

    def fault(asked: Asked) -> bytes:
        time.sleep(0.5)
        assert 9 <= asked.version <= 11, "ProduceResponse, with compact strings and tags"
        partition = struct.pack("!ihqqq", 0, NOT_LEADER, -1, -1, -1) + b"\x01\x00\x00"
        name = bytes([len(topic) + 1]) + topic.encode()
        return asked.frame[4:8] + b"\x00\x02" + name + b"\x02" + partition + b"\x00" + bytes(4) + b"\x00"

    return fault


@pytest.mark.parametrize("acks", [1, -1])
def test_a_request_that_is_refused_is_not_overtaken(
    broker: Broker, pykafka_env: PykafkaEnv, proxy: Before, topic: str, acks: int
) -> None:
    proxy.order(PRODUCE, slow_refusal(topic), times=2)
    options = {"required_acks": acks, "min_queued_messages": 10}
    assert not pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=COUNT, options=options)
    assert not proxy.unmet(PRODUCE)
    assert written(broker, topic) == list(range(COUNT))


@pytest.mark.parametrize("acks", [1, -1])
def test_it_is_tried_as_often_as_there_is_time_for(
    broker: Broker, pykafka_env: PykafkaEnv, proxy: Before, topic: str, acks: int
) -> None:
    proxy.order(PRODUCE, lose_request, times=OFTEN)
    options = {"required_acks": acks}
    assert not pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=1, options=options)
    assert not proxy.unmet(PRODUCE)
    assert written(broker, topic) == [0]


def test_it_is_given_up_after_as_many_retries_as_were_asked_for(
    pykafka_env: PykafkaEnv, proxy: Before, topic: str
) -> None:
    proxy.order(PRODUCE, lose_request, times=OFTEN)
    options = {"max_retries": 2}
    (said,) = pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=1, options=options)
    assert said.startswith("RdKafkaException: ")
    assert proxy.unmet(PRODUCE) == OFTEN - 3


def test_it_is_given_up_when_the_time_is_up(pykafka_env: PykafkaEnv, proxy: Before, topic: str) -> None:
    proxy.order(PRODUCE, lose_request, times=10**6)
    options = {"delivery_timeout_ms": 2000}
    (said,) = pykafka_env.run("produce_numbers", proxy.address, topic=topic, count=1, options=options)
    assert "timed out" in said


def test_a_producer_is_idempotent_where_it_can_be_or_says_why_not(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    expected = [
        ({}, "False"),
        ({"required_acks": -1}, "True"),
        ({"required_acks": -1, "enable_idempotence": True}, "True"),
        ({"required_acks": -1, "enable_idempotence": False}, "False"),
        ({"required_acks": -1, "max_retries": 0}, "False"),
        ({"required_acks": -1, "max_retries": 5}, "True"),
        ({"enable_idempotence": True}, "ValueError: enable_idempotence=True needs required_acks=-1"),
        (
            {"enable_idempotence": True, "required_acks": -1, "max_retries": 0},
            "ValueError: enable_idempotence=True needs retries",
        ),
        ({"delivery_timeout_ms": 0}, "ValueError: delivery_timeout_ms=0 "),
        ({"delivery_timeout_ms": -1}, "False"),
        ({"delivery_timeout_ms": 5000, "linger_ms": 5000}, "False"),
        ({"delivery_timeout_ms": 5000, "linger_ms": 5001}, "ValueError: linger_ms=5001 "),
        ({"retry_backoff_ms": 5000}, "False"),
        ({"retry_backoff_max_ms": 300_001}, "ValueError: retry_backoff_max_ms=300001 "),
    ]
    combinations = [options for options, _ in expected]
    said = pykafka_env.run("combine", broker.address, topic=topic, combinations=combinations)
    for (options, start), answer in zip(expected, said, strict=True):
        assert answer.startswith(start), options


def test_a_fatal_error_says_why_and_another_start_begins_afresh(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    first, second = pykafka_env.run("recover_from_a_fatal_error", broker.address, topic=topic)
    assert "a gap" in first
    assert "stop() and start()" in first
    assert second == ""
    assert [message.value() for message in read(broker.address, topic, 2)] == [b"before", b"after"]
