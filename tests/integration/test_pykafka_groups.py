"""pykafka's groups that a broker manages, in both modes: who gets which partitions of which topics."""

from __future__ import annotations

import importlib
import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

INSIDE = Path(__file__).with_name("inside_groups.py")
SECONDS = 180
COUNT = 80
MODES = pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "c"])


class Case:
    """A case of inside_groups.py that runs, and what it is told while it does."""

    def __init__(self, env: PykafkaEnv, address: str, name: str, **arguments: Any) -> None:
        command = [str(env.python), "-X", "faulthandler", str(INSIDE), name, address, json.dumps(arguments)]
        self._process = subprocess.Popen(
            command,
            env=dict(env.variables),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            pytest.fail(self._process.communicate(timeout=SECONDS)[1][-4000:])

    def answer(self, told: str = "") -> Any:
        """What the case answers after it was told something more."""
        try:
            out, err = self._process.communicate(told, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        assert self._process.returncode == 0, err[-4000:]
        return json.loads(out.splitlines()[-1])


def new_topics(broker: Broker, *partitions: int) -> list[str]:
    names = [f"groups-{uuid.uuid4()}" for _ in partitions]
    admin.create_topics(broker.address, dict(zip(names, partitions, strict=True)))
    return names


def grow(broker: Broker, topic: str, partitions: int) -> None:
    """Give a topic more partitions, and wait until they have leaders."""
    client = AdminClient({"bootstrap.servers": broker.address})
    client.create_partitions([NewPartitions(topic, partitions)])[topic].result(30)
    until(lambda: len(client.list_topics(topic, 10).topics[topic].partitions) == partitions)
    until(lambda: all(each.leader >= 0 for each in client.list_topics(topic, 10).topics[topic].partitions.values()))


def until(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@MODES
def test_one_group_on_two_topics_reads_all_of_both(broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    topics = new_topics(broker, 2, 2)
    group = f"group-of-{topics[0]}"
    case = Case(
        pykafka_env, broker.address, "two_topics", group=group, topics=topics, count=COUNT, use_rdkafka=use_rdkafka
    )
    partitions, first, second = case.answer()
    assert sorted(partitions) == [[0], [0], [1], [1]]
    assert partitions[0] != partitions[2]
    assert first == second == list(range(COUNT))


@MODES
def test_a_member_follows_an_assignment_that_is_newer_than_what_it_knows(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    (topic,) = new_topics(broker, 1)
    case = Case(
        pykafka_env,
        broker.address,
        "stale_member",
        group=f"group-of-{topic}",
        topic=topic,
        count=COUNT,
        use_rdkafka=use_rdkafka,
    )
    case.wait_until_ready()
    grow(broker, topic, 2)
    assert case.answer("grown\n") == [[0], [[0], [1]], list(range(COUNT))]


@MODES
def test_new_partitions_are_consumed_without_a_restart(
    broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool
) -> None:
    """By who leads a group, by a consumer in none, and by one that began at the end: all of it came after that."""
    (topic,) = new_topics(broker, 1)
    case = Case(
        pykafka_env,
        broker.address,
        "growing_topic",
        group=f"group-of-{topic}",
        topic=topic,
        count=COUNT,
        use_rdkafka=use_rdkafka,
    )
    case.wait_until_ready()
    grow(broker, topic, 2)
    before, after = case.answer("grown\n")
    assert before == [list(range(COUNT))] * 2
    assert after == [list(range(COUNT, 2 * COUNT))] * 3


def test_members_of_another_client_get_their_own_topics(pykafka: Any, broker: Broker) -> None:
    """librdkafka subscribes to two topics, pykafka to one of them; whoever leads the group assigns all partitions."""
    both, other = new_topics(broker, 2, 2)
    settings = {
        "bootstrap.servers": broker.address,
        "group.id": f"group-of-{both}",
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "range",
        "session.timeout.ms": 6000,
    }
    client = pykafka.KafkaClient(broker.address)
    member = client.topics[both].get_balanced_consumer(
        settings["group.id"], managed=True, consumer_timeout_ms=300, heartbeat_interval_ms=200
    )
    consumer = Consumer(settings)
    consumer.subscribe([both, other])

    def assigned() -> list[tuple[str, int]]:
        consumer.poll(0.1)
        return sorted((each.topic, each.partition) for each in consumer.assignment())

    until(lambda: len(assigned()) == 3 and len(member.partitions) == 1)
    theirs = assigned()
    assert sorted([*theirs, *((both, id_) for id_ in member.partitions)]) == sorted(
        (topic, id_) for topic in (both, other) for id_ in (0, 1)
    )
    consumer.close()
    until(lambda: len(member.partitions) == 2)
    member.stop()


def test_a_subscription_is_told_from_none(pykafka: Any) -> None:
    """What a member subscribes to is what it says, even if that is nothing."""
    assert pykafka.KafkaClient
    protocol = importlib.import_module("pykafka.protocol")
    metadata = protocol.ConsumerGroupProtocolMetadata(topic_names=[], user_data=b"")
    assert protocol.ConsumerGroupProtocolMetadata.from_bytestring(metadata.get_bytes()).topic_names == []
