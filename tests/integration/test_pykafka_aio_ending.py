"""pykafka.aio, in both modes: what goes wrong raises at the await where it belongs, and nothing is left behind."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from .kafka_proxy import PRODUCE, hold, lose_request
from .pykafka_topics import end_of, new_topic
from .test_pykafka_retrying_in_c import Before

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "rdkafka"])]

AWAY = 3  # seconds
PRODUCER_CALLS = ["produce", "send", "send_many", "flush", "start"]
CONSUMER_CALLS = ["consume", "batch", "commit", "seek"]
CLIENT_CALLS = ["topic", "start"]


def test_a_stop_ends_calls_that_are_under_way_by_exceptions(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, never = new_topic(broker.address), threading.Event()
    with Before(broker.address) as silent:
        silent.order(PRODUCE, hold(never, lose_request), times=100)
        answer = pykafka_env.run(
            "aio_close_in_flight", broker.address, topic=topic, silent=silent.address, use_rdkafka=use_rdkafka
        )
        never.set()
    assert answer["full"] == ["ProducerQueueFullError"] * 2
    assert answer["produced"] == ["ProduceFailureError"] * 3
    assert answer["waiting"] == ["ProducerStoppedException"] * 4
    assert answer["consuming"] == ["ConsumerStoppedException"] * 2
    assert answer["stopped"] == ["ProduceFailureError", "None"]  # of what was sent and not awaited
    assert answer["after"] == [
        *["ProducerStoppedException"] * (len(PRODUCER_CALLS) - 1),
        "ClientStoppedException",
        *["ConsumerStoppedException"] * len(CONSUMER_CALLS),
        *["ClientStoppedException"] * len(CLIENT_CALLS),
    ]


def test_another_loop_is_refused_by_name(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic = new_topic(broker.address)
    answer = pykafka_env.run("aio_another_loop", broker.address, topic=topic, use_rdkafka=use_rdkafka)
    assert answer["early"] == ["ProducerStoppedException", "ConsumerStoppedException"]
    assert set(answer["another"]) == {"OtherLoopError"}
    assert answer["usable"] == ["0"]
    assert set(answer["closed"]) == {"OtherLoopError"}


def test_what_is_refused_raises_where_it_is_awaited(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic = new_topic(broker.address, config={"max.message.bytes": "1000"})
    answer = pykafka_env.run("aio_refused", broker.address, topic=topic, use_rdkafka=use_rdkafka)
    assert answer == {
        "topic": "InvalidTopic",
        "sync": "sync is not for pykafka.aio",
        "delivery_reports": "delivery_reports is not for pykafka.aio",
        "block_on_queue_full": "block_on_queue_full is not for pykafka.aio",
        "auto_start": "auto_start is not for pykafka.aio",
        "text": "TypeError",
        "produced": "MessageSizeTooLarge",
        "sent": "ProduceFailureError",
        "told once": "None",
        "partition": "KafkaException",
        "argument": "ValueError",
        "numbers": [0],
    }


def test_a_broker_that_goes_and_comes_back_is_waited_for(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic, count = new_topic(broker.address), 300
    with Before(broker.address) as proxy:

        def go_and_come_back() -> None:
            while proxy.seen.count(PRODUCE) < count // 10:
                time.sleep(0.01)
            proxy.close()
            time.sleep(AWAY)
            proxy.reopen()

        going = threading.Thread(target=go_and_come_back)
        going.start()
        answer = pykafka_env.run("aio_away_and_back", proxy.address, topic=topic, use_rdkafka=use_rdkafka, count=count)
        going.join()
    assert answer["got"] == list(range(count))
    assert answer["offsets"] == list(range(count))


def test_no_thread_no_descriptor_and_no_task_is_left(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    """After the first two rounds, in which what is kept for good is made."""
    topic = new_topic(broker.address)
    seen = pykafka_env.run("aio_leave_nothing", broker.address, topic=topic, use_rdkafka=use_rdkafka, rounds=5)
    assert set(seen["tasks"]) == {1}
    for counts in seen.values():
        assert counts[-1] <= max(counts[:2]), seen


def test_a_process_ends_that_has_stopped_nothing(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topic = new_topic(broker.address)
    assert pykafka_env.run("aio_forget_to_stop", broker.address, topic=topic, use_rdkafka=use_rdkafka) == 1
    assert end_of(broker.address, topic) == 2
