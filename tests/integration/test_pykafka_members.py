"""The connections on which pykafka's members of a group speak to its coordinator end with the members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("use_rdkafka", [False, True])
def test_a_heartbeat_that_comes_after_the_stop_leaves_no_connection(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    topic = new_topic(broker.address)
    answer = pykafka_env.run("stop_before_a_heartbeat", broker.address, topic=topic, use_rdkafka=use_rdkafka)
    assert answer == {"about": True, "left": []}


def test_a_member_that_the_group_refuses_leaves_no_connection(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    answer = pykafka_env.run("refuse_a_member", broker.address, topic=new_topic(broker.address))
    assert answer == {"error": "InconsistentGroupProtocol", "left": []}
