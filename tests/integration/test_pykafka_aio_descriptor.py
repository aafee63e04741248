"""pykafka's extension tells of messages and of reports through a descriptor, for whoever waits for several things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration


def test_a_consumers_handle_writes_when_there_are_messages_and_no_more_when_told(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    answer = pykafka_env.run("wake_for_messages", broker.address, topic=new_topic(broker.address))
    assert answer == {
        "before": [[], 0, False],
        "first": [True, 1],
        "second": True,
        "values": ["1", "2"],
        "after": False,
        "held": {"0": 2},
    }


def test_a_producers_handle_writes_when_there_are_reports_and_tells_failures_alone(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    topic = new_topic(broker.address, config={"max.message.bytes": "1000"})
    answer = pykafka_env.run("wake_for_reports", broker.address, topic=topic, too_large=5000)
    assert answer == {
        "woken": True,
        "reported": ["NoneType", "MessageSizeTooLarge"],
        "failed": ["MessageSizeTooLarge"],
        "threads": 0,
    }
