"""pykafka.aio, in both modes: what goes through the loop of asyncio comes as it was sent, and waits where it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "rdkafka"])]

NOT_STALLED = 2000  # milliseconds; what is measured is far less, but the machine may be busy


def test_what_is_awaited_is_acknowledged_and_comes_as_it_was_sent(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, count = new_topic(broker.address), 20
    answer = pykafka_env.run("aio_round_trip", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    assert answer["got"] == answer["sent"]
    assert [sent[-1] for sent in answer["sent"]] == list(range(count))
    assert answer["times"] == [1_600_000_000_000 + number for number in range(count)]
    assert answer["sought"] == [2, 0]
    assert answer["held"] == {"0": 0}
    for number, message in enumerate(read(broker.address, topic, count)):
        assert message.value() == (b"value %d" % number if number % 3 else None)
        assert message.key() == (b"key" if number % 2 else None)
        assert message.headers() == ([("a", b"%d" % number), ("b", None)] if number % 4 else None)


def test_tasks_keep_their_order(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic = new_topic(broker.address, partitions=3)
    by_key = pykafka_env.run("aio_order", broker.address, topic=topic, use_rdkafka=use_rdkafka, tasks=5, each=2000)
    assert by_key == {f"key {task}": list(range(2000)) for task in range(5)}


def test_batches_are_full_or_wait_for_their_time(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic = new_topic(broker.address)
    *batches, late = pykafka_env.run("aio_batches", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=35)
    assert max(map(len, batches)) <= 10
    assert [offset for batch in batches for offset in batch] == list(range(35))
    assert late == [35]


def test_a_full_buffer_makes_senders_wait(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic, count, limit = new_topic(broker.address), 6000, 40
    answer = pykafka_env.run(
        "aio_pressure", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count, limit=limit
    )
    assert answer["most"] <= 2 * limit  # librdkafka counts a message and its report
    assert sorted(answer["numbers"]) == list(range(count))


def test_a_heart_beats_in_the_same_loop(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool, record_testsuite_property: Callable[[str, object], None]
) -> None:
    topic, count = new_topic(broker.address), 100_000
    answer = pykafka_env.run("aio_heartbeat", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    record_testsuite_property(f"late by, in ms, use_rdkafka={use_rdkafka}", answer)
    assert answer["seen"] == count
    assert answer["p99.9"] < NOT_STALLED


def test_a_group_shares_a_topic_in_one_loop(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic, count = new_topic(broker.address, partitions=4), 400
    answer = pykafka_env.run("aio_balanced", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    first, second = answer["shared"]
    assert first
    assert second
    assert sorted(first + second) == list(range(count))
    assert answer["alone"] == list(range(count))
    assert answer["ends"] == ["ConsumerStoppedException"] * 2
