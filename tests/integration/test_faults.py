"""Faults on a real cluster: each does what its name says, is taken back, and leaves the cluster whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import brokers, faults
from kafka_forge.brokers import admin, leaders, ports
from kafka_forge.errors import BrokerDied, ScenarioBroken
from kafka_forge.faults import Fault, Scene
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.survival import stage

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

TOPIC = "struck"


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with stage.opened(brokers.DEFAULT, Cache.default(), Silent()) as (cluster, links):
        admin.create_topics(cluster.internal, {TOPIC: 3}, copies=3, settings={"min.insync.replicas": "2"})
        yield Scene(cluster, links, (TOPIC,))


class Writing:
    """An idempotent producer, which is behind the links."""

    def __init__(self, scene: Scene) -> None:
        from confluent_kafka import Producer

        settings = {"bootstrap.servers": scene.cluster.address, "enable.idempotence": True, "log_level": 0}
        self.producer = Producer(settings)
        self.errors: list[Any] = []

    def write(self, count: int = 3, seconds: float = 0.0) -> int:
        """Send messages to every partition; return how many are not answered for after so many seconds."""
        for number in range(count):
            self.producer.produce(
                TOPIC, f"0:{number}:", partition=number % 3, on_delivery=lambda error, _: self.errors.append(error)
            )
        return self.producer.flush(seconds)


@pytest.fixture
def writing(scene: Scene) -> Writing:
    made = Writing(scene)
    assert made.write(seconds=60) == 0
    return made


def ended(scene: Scene, writing: Writing) -> None:
    """The cluster is whole, and whoever was struck goes on."""
    assert writing.write(seconds=60) == 0
    assert set(writing.errors) == {None}
    deadline = time.monotonic() + 60
    while behind := admin.behind(scene.cluster.internal):  # a copy may lag for a moment, and does on a busy machine
        assert time.monotonic() < deadline, behind
        time.sleep(0.2)
    assert all(broker.alive for broker in scene.cluster.brokers)


@pytest.mark.parametrize("kind", sorted(faults.by_id()))
def test_every_fault_is_taken_back_and_what_was_written_meanwhile_arrives(
    scene: Scene, writing: Writing, kind: str
) -> None:
    before = [broker.identity for broker in scene.cluster.brokers]
    with faults.by_id()[kind].inflict(scene, Fault(kind, lasts=0.5)) as told:
        writing.write()
        time.sleep(0.5)
    ended(scene, writing)
    anew = sum(broker.identity != old for broker, old in zip(scene.cluster.brokers, before, strict=True))
    dying = {"kill": 1, "restart": 1, "controller-change": 1, "disk-full": 1, "rolling-restart": 3}
    assert anew == dying.get(kind, 0)
    if kind in ("cut-before", "cut-after", "refuse-first"):
        assert told["met"] > 0


def test_a_killed_brokers_port_refuses_connections_until_it_is_back(scene: Scene, writing: Writing) -> None:
    address = scene.cluster.broker(2).advertised
    assert ports.answers(address)
    with faults.by_id()["kill"].inflict(scene, Fault("kill", node=2)):
        assert not ports.answers(address)
    assert ports.answers(address)
    ended(scene, writing)


def test_a_broker_whose_disk_is_full_ends_by_itself(scene: Scene, writing: Writing) -> None:
    with faults.by_id()["disk-full"].inflict(scene, Fault("disk-full", node=3)) as told:
        writing.write(30)
    assert told["ended"]
    ended(scene, writing)


def test_another_controller_is_active_afterwards_and_all_know_it(scene: Scene, writing: Writing) -> None:
    before = leaders.controller(scene.cluster.broker(1).internal)
    with faults.by_id()["controller-change"].inflict(scene, Fault("controller-change")) as told:
        others = [broker for broker in scene.cluster.brokers if broker.node != before]
        deadline = time.monotonic() + 60
        while leaders.controller(others[0].internal, seconds=30) == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert told["node"] == before
    assert told["now"] != before
    ended(scene, writing)


def test_leaders_move_while_all_brokers_live(scene: Scene, writing: Writing) -> None:
    moves = leaders.move(scene.cluster.broker(1).internal, [TOPIC])
    assert [(topic, number) for topic, number, _, _ in moves] == [(TOPIC, 0), (TOPIC, 1), (TOPIC, 2)]
    assert all(old != new for _, _, old, new in moves)
    now = admin.describe_partitions(scene.cluster.internal, [TOPIC])
    assert [now[topic, number].leader for topic, number, _, _ in moves] == [new for *_, new in moves]
    with pytest.raises(ScenarioBroken, match="no topic missing"):
        leaders.move(scene.cluster.broker(1).internal, ["missing"])
    ended(scene, writing)


def test_a_cut_resets_and_a_hang_swallows_what_passes_the_links_and_nothing_else(
    scene: Scene, writing: Writing
) -> None:
    for kind in ("cut", "hang"):
        with faults.by_id()[kind].inflict(scene, Fault(kind)):
            assert admin.cluster_id(scene.cluster.address, seconds=1.0) is None
            assert admin.cluster_id(scene.cluster.internal, seconds=30.0) is not None
            assert writing.write(seconds=0.5) > 0
        ended(scene, writing)


def test_what_was_cut_off_before_it_is_written_once_and_after_it_once_too_by_an_idempotent_producer(
    scene: Scene, writing: Writing
) -> None:
    for kind in ("cut-before", "cut-after"):
        before = admin.ends(scene.cluster.internal, TOPIC, 3)
        with faults.by_id()[kind].inflict(scene, Fault(kind)) as told:
            assert writing.write(30, seconds=60) == 0
        assert told["met"] > 0
        after = admin.ends(scene.cluster.internal, TOPIC, 3)
        assert sum(after.values()) - sum(before.values()) == 30
        ended(scene, writing)


def test_with_two_brokers_gone_nothing_is_acknowledged_that_has_one_copy_only(scene: Scene, writing: Writing) -> None:
    first, second, third = scene.cluster.brokers
    second.pause()
    third.pause()
    try:
        assert writing.write(seconds=3.0) > 0
        with pytest.raises(BrokerDied):
            admin.create_topics(first.internal, {"never": 1}, timeout=2.0)
    finally:
        scene.cluster.heal()
    ended(scene, writing)


@pytest.mark.parametrize("partition", [0, 1, 2])
def test_a_topic_that_was_just_created_takes_messages_at_the_first_try(scene: Scene, partition: int) -> None:
    """KRaft names a leader in metadata a moment before that broker accepts: creation waits for its answer."""
    from confluent_kafka import Producer

    for turn in range(5):
        name = f"fresh-{partition}-{turn}"
        admin.create_topics(scene.cluster.internal, {name: 3}, copies=3)
        failed: list[Any] = []

        def told(error: Any, _message: Any, to: list[Any] = failed) -> None:
            to.append(error)

        settings = {"bootstrap.servers": scene.cluster.internal, "retries": 0, "acks": "all", "log_level": 0}
        producer = Producer(settings)
        producer.produce(name, b"at once", partition=partition, on_delivery=told)
        assert producer.flush(60) == 0
        assert failed == [None]
