"""pykafka's C mode in processes that are forked: clients made before say so at once, and keep no child from ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

WAY_OUT = 3  # the exit status of a child that ended as it wanted to
DOES_NOTHING = ("stop consuming", "stop producing")


def test_children_that_use_no_client_end(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    answer = pykafka_env.run("end_children", broker.address, topic=new_topic(broker.address))
    ways = ("sys.exit", "os._exit", "forgotten", "multiprocessing")
    assert answer["ends"] == dict.fromkeys(ways, WAY_OUT)
    assert answer["offset"] > 0


def test_every_use_in_a_child_raises_and_the_parent_goes_on(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    """Though the fork came while threads of the parent were inside of librdkafka."""
    answer = pykafka_env.run("use_in_a_child", broker.address, topic=new_topic(broker.address))
    said = answer["answers"]
    assert said.pop("status") == WAY_OUT
    assert said.pop("read headers") == "('a', b'1')"
    assert [said.pop(name) for name in DOES_NOTHING] == ["None"] * len(DOES_NOTHING)
    assert said
    assert set(said.values()) == {"ForkedClientError"}
    assert answer["goes on"]


def test_a_child_works_with_clients_of_its_own(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    answer = pykafka_env.run("work_in_a_child", broker.address, topic=new_topic(broker.address))
    assert answer["status"] == WAY_OUT
    assert answer["offset"] > 0


def test_a_partitioner_may_fork(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    answer = pykafka_env.run("fork_from_within", broker.address, topic=new_topic(broker.address))
    assert answer == {"child": WAY_OUT, "parent": "0"}
