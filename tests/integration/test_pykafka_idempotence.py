"""pykafka's pure producer writes once what it sends twice: the log is exactly what was produced, whatever is lost."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Any

import pytest

from .kafka_proxy import INIT_PRODUCER_ID, PRODUCE, Proxy, lose_answer, lose_request, pass_on, refuse
from .retry_bench import Bench, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .kafka_proxy import Asked

pytestmark = pytest.mark.integration

OUT_OF_ORDER, DUPLICATE, UNKNOWN_PRODUCER = 45, 46, 59
SAFE = {"required_acks": -1, "linger_ms": 0, "pending_timeout_ms": 60_000}


@pytest.fixture
def bench(pykafka: Any, broker: Broker) -> Iterator[Bench]:
    with Proxy(broker.address) as proxy:
        yield Bench(pykafka, broker, proxy)


def refused_answer(error: int) -> Any:
    """The broker does what it was asked for, but the answer has an error code."""

    def fault(asked: Asked) -> bytes | None:
        asked.forward()
        return refuse(error)(asked)

    return fault


def test_a_lost_answer_writes_nothing_twice(bench: Bench) -> None:
    topic = bench.topic()
    with topic.get_producer(**SAFE, delivery_reports=True) as producer:
        bench.proxy.order(PRODUCE, lose_answer, times=3)
        for value in numbers(0, 10):
            producer.produce(value)
        reports = [producer.get_delivery_report(timeout=60) for _ in range(10)]
    assert bench.log(topic) == numbers(0, 10)
    assert [(message.offset, error) for message, error in reports] == [(offset, None) for offset in range(10)]


@pytest.mark.parametrize("seed", range(3))
def test_the_log_is_what_was_produced_whatever_is_lost(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    topic = bench.topic(partitions=3)
    faults = [lose_answer, lose_request, refuse(6), refused_answer(7), refused_answer(20), refuse(19), pass_on, pass_on]
    with topic.get_producer(**SAFE, max_request_size=1000, retry_backoff_ms=10) as producer:
        for number in range(1500):
            if number % 100 == 0:
                bench.proxy.order(PRODUCE, chance.choice(faults))
            producer.produce(b"%d" % number)
    logs = [bench.log(topic, partition) for partition in range(3)]
    assert logs == [sorted(log, key=int) for log in logs]
    assert sorted(int(value) for log in logs for value in log) == list(range(1500))


@pytest.mark.parametrize("error", [OUT_OF_ORDER, UNKNOWN_PRODUCER])
def test_numbers_that_the_broker_does_not_take_begin_anew(bench: Bench, error: int) -> None:
    topic = bench.topic()
    with topic.get_producer(**SAFE) as producer:
        for value in numbers(0, 3):
            producer.produce(value)
        bench.proxy.order(PRODUCE, refuse(error))
        for value in numbers(3, 10):
            producer.produce(value)
    assert bench.log(topic) == numbers(0, 10)


def test_what_the_broker_has_already_is_delivered(bench: Bench) -> None:
    topic = bench.topic()
    with topic.get_sync_producer(**SAFE) as producer:
        bench.proxy.order(PRODUCE, refused_answer(DUPLICATE))
        producer.produce(b"0")
        producer.produce(b"1")
    assert bench.log(topic) == numbers(0, 2)


def test_what_follows_a_batch_that_was_given_up_is_written(bench: Bench) -> None:
    """The broker does not have the numbers before, and would refuse what follows for ever."""
    topic = bench.topic()
    with topic.get_sync_producer(**SAFE, max_retries=1) as producer:
        producer.produce(b"0")
        bench.proxy.order(PRODUCE, lose_request, times=2)
        with pytest.raises(bench.errors.SocketDisconnectedError):
            producer.produce(b"given up")
        for _ in range(2):
            bench.proxy.order(PRODUCE, refuse(6), times=2)
            with pytest.raises(bench.errors.NotLeaderForPartition):
                producer.produce(b"refused")
        bench.proxy.order(PRODUCE, lose_answer, times=2)
        with pytest.raises(bench.errors.SocketDisconnectedError):
            producer.produce(b"1")
        assert [producer.produce(value).offset for value in numbers(2, 5)] == [2, 3, 4]
    assert bench.log(topic) == numbers(0, 5)
    refused = sum(api == PRODUCE for api in bench.proxy.seen)
    assert refused == 1 + 2 + 4 + 2 + 3  # none was refused for its number


def test_a_batch_that_is_split_is_written_once(bench: Bench) -> None:
    topic = bench.topic(max_message_bytes="20000")
    values = [b"%03d" % number * 100 for number in range(500)]
    with topic.get_producer(**{**SAFE, "linger_ms": 100}) as producer:
        bench.proxy.order(PRODUCE, pass_on, times=3)
        bench.proxy.order(PRODUCE, lose_answer, times=2)
        for value in values:
            producer.produce(value)
    assert bench.log(topic) == values


def test_it_is_on_where_every_replica_acknowledges(bench: Bench) -> None:
    topic = bench.topic()
    for options, wanted in (
        ({"required_acks": 1}, 0),
        ({"required_acks": -1, "enable_idempotence": False}, 0),
        ({"required_acks": -1, "max_retries": 0}, 0),
        ({"required_acks": -1}, 1),
        ({"required_acks": -1, "enable_idempotence": True}, 2),
    ):
        with topic.get_sync_producer(**options) as producer:
            producer.produce(b"x")
        assert bench.proxy.seen.count(INIT_PRODUCER_ID) == wanted, options


@pytest.mark.parametrize("options", [{}, {"required_acks": 0}, {"required_acks": -1, "max_retries": 0}])
def test_it_is_not_promised_where_it_cannot_be_kept(bench: Bench, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="enable_idempotence"):
        bench.topic().get_producer(enable_idempotence=True, **options)


def test_a_cluster_that_does_not_authorize_it_is_produced_to_without(bench: Bench) -> None:
    """Before Kafka 2.8 it wanted IdempotentWrite, which is not everybody's (KIP-679)."""

    def unauthorized(asked: Asked) -> bytes:
        return asked.frame[4:8] + struct.pack("!ihqh", 0, 31, -1, -1)

    topic = bench.topic()
    bench.proxy.order(INIT_PRODUCER_ID, unauthorized, times=2)
    with topic.get_sync_producer(required_acks=-1) as producer:
        producer.produce(b"0")
    with (
        pytest.raises(bench.errors.ClusterAuthorizationFailed),
        topic.get_sync_producer(required_acks=-1, enable_idempotence=True) as producer,
    ):
        producer.produce(b"1")
    assert bench.log(topic) == [b"0"]


def test_an_id_is_waited_for(bench: Bench) -> None:
    def loading(asked: Asked) -> bytes:
        return asked.frame[4:8] + struct.pack("!ihqh", 0, 14, -1, -1)

    topic = bench.topic()
    bench.proxy.order(INIT_PRODUCER_ID, loading)
    bench.proxy.order(INIT_PRODUCER_ID, lose_request)
    with topic.get_sync_producer(**SAFE) as producer:
        producer.produce(b"0")
    assert bench.log(topic) == [b"0"]
