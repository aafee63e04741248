"""pykafka.aio, in both modes: an await that is cancelled loses and doubles nothing, and leaves the client usable."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "rdkafka"])]


def test_what_was_acknowledged_is_written_once_and_what_was_cancelled_once_at_most(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, count = new_topic(broker.address), 600
    answer = pykafka_env.run("aio_cancel_produce", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    written = Counter(answer["written"])
    assert sorted(answer["acknowledged"] + answer["cancelled"]) == list(range(count + 1))
    assert answer["cancelled"]
    assert max(written.values()) == 1
    assert set(answer["acknowledged"]) <= set(written)


def test_a_send_that_was_cancelled_has_queued_nothing(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, count = new_topic(broker.address), 300
    answer = pykafka_env.run("aio_cancel_send", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    *written, last = answer["written"]
    assert last == 2 * count
    assert [number for number in written if number < count] == answer["sent"]
    assert [number for number in written if number >= count] + answer["kept"] == list(range(count, 2 * count))


def test_a_consumers_await_that_was_cancelled_has_taken_nothing(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, count = new_topic(broker.address), 3000
    answer = pykafka_env.run("aio_cancel_consume", broker.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
    assert answer["got"] == list(range(count))
    assert answer["cancelled"]


def test_what_else_was_cancelled_leaves_the_client_usable(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, rounds = new_topic(broker.address), 12
    found = pykafka_env.run("aio_cancel_the_rest", broker.address, topic=topic, use_rdkafka=use_rdkafka, rounds=rounds)
    assert found == [0, 1] * rounds
