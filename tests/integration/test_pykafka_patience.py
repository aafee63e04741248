"""pykafka's consumers in pure Python while there is no broker, and after: what passes is waited out."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

from .restarting import Restartable, restartable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

INSIDE = Path(__file__).with_name("inside_outage.py")
OUTAGE = 4.0  # seconds without a broker
PATIENCE = 90.0  # seconds until what must come has come, on a busy machine


@pytest.fixture(scope="module")
def broker() -> Iterator[Restartable]:
    with restartable() as started:
        yield started


@pytest.fixture
def topic(pykafka: Any, broker: Restartable) -> Iterator[Any]:
    """A new topic with messages 0 to 9, through a client of its own."""
    client = pykafka.KafkaClient(broker.address)
    name = f"patience-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 2})
    client.update_cluster()
    found = client.topics[name]
    write(broker, found, range(10))
    yield found
    del client


def write(broker: Restartable, topic: Any, numbers: Iterable[int]) -> None:
    """Write with librdkafka, whose patience is not what is tested here."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker.address})
    for number in numbers:
        producer.produce(topic.name.decode(), b"%d" % number, partition=number % 2)
    assert producer.flush(60) == 0


def read(consumer: Any, count: int) -> list[int]:
    """Messages as they come, within PATIENCE; None, which means that there is none yet, is waited out."""
    values: list[int] = []
    until(lambda: len(values) == count, lambda: values.extend(int(each.value) for each in taken(consumer, count)))
    return sorted(values)


def taken(consumer: Any, count: int) -> list[Any]:
    return list(itertools.islice(iter(consumer.consume, None), count))


def until(condition: Callable[[], bool], step: Callable[[], Any] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        step()
        time.sleep(0.05)


def wait_through(outage: float, consumer: Any) -> None:
    """Consume nothing for a while, and see that this is no error."""
    deadline = time.monotonic() + outage
    while time.monotonic() < deadline:
        assert consumer.consume() is None


def test_a_consumer_waits_until_its_broker_is_back(broker: Restartable, topic: Any) -> None:
    consumer = topic.get_simple_consumer(consumer_timeout_ms=500)
    assert read(consumer, 10) == list(range(10))
    broker.kill()
    wait_through(OUTAGE, consumer)
    broker.begin()
    write(broker, topic, range(10, 20))
    assert read(consumer, 10) == list(range(10, 20))
    consumer.stop()


def test_a_consumer_commits_by_itself_after_an_outage(broker: Restartable, topic: Any) -> None:
    consumer = topic.get_simple_consumer(
        consumer_group=topic.name, auto_commit_enable=True, auto_commit_interval_ms=100, consumer_timeout_ms=500
    )
    assert read(consumer, 10) == list(range(10))
    broker.kill()
    wait_through(OUTAGE, consumer)
    broker.begin()
    write(broker, topic, range(10, 20))
    assert read(consumer, 10) == list(range(10, 20))
    watcher = topic.get_simple_consumer(consumer_group=topic.name, auto_start=False, reset_offset_on_fetch=False)
    until(lambda: {id_: each.offset for id_, each in watcher.fetch_offsets()} == {0: 10, 1: 10})
    consumer.stop()


def test_a_c_consumer_commits_by_itself_after_an_outage(
    broker: Restartable, topic: Any, pykafka_env: PykafkaEnv
) -> None:
    """librdkafka was back; the committer, which is pykafka's, was not, and raised for ever."""
    case = subprocess.Popen(
        [str(pykafka_env.python), str(INSIDE), broker.address, topic.name.decode(), "10"],
        env=dict(pykafka_env.variables),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert case.stdout is not None
    assert case.stdout.readline() == "ready\n"
    broker.kill()
    time.sleep(OUTAGE)
    broker.begin()
    write(broker, topic, range(10, 20))
    try:
        out, err = case.communicate("back\n", timeout=3 * PATIENCE)
    finally:
        case.kill()
    assert case.returncode == 0, err[-4000:]
    assert json.loads(out.splitlines()[-1]) == {"after": list(range(10, 20)), "committed": 20}


def test_a_member_stays_one_through_an_outage(broker: Restartable, topic: Any) -> None:
    member = topic.get_balanced_consumer(
        topic.name, managed=True, consumer_timeout_ms=500, heartbeat_interval_ms=200, auto_commit_enable=True
    )
    assert read(member, 10) == list(range(10))
    member.commit_offsets()
    broker.kill()
    wait_through(OUTAGE, member)
    broker.begin()
    write(broker, topic, range(10, 20))
    assert read(member, 10) == list(range(10, 20))
    member.commit_offsets()
    member.stop()


def test_consume_without_blocking_returns_while_there_is_no_broker(broker: Restartable, topic: Any) -> None:
    member = topic.get_balanced_consumer(
        topic.name, managed=True, consumer_timeout_ms=500, heartbeat_interval_ms=200, auto_offset_reset=-2
    )
    consumer = topic.get_simple_consumer()
    until(lambda: consumer.consume(block=False) is not None)
    broker.kill()
    deadline = time.monotonic() + OUTAGE
    while time.monotonic() < deadline:
        begun = time.monotonic()
        member.consume(block=False)
        consumer.consume(block=False)
        assert time.monotonic() - begun < PATIENCE
    broker.begin()
    consumer.stop()
    member.stop()


def test_what_does_not_pass_raises_until_it_is_started_anew(topic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception says what failed and since when; stop() and start() cure it when its cause is gone."""
    errors, broker_module = importlib.import_module("pykafka.exceptions"), importlib.import_module("pykafka.broker")
    consumer = topic.get_simple_consumer(consumer_timeout_ms=90_000)
    assert read(consumer, 10) == list(range(10))

    def refused(*_: Any, **__: Any) -> None:
        raise errors.TopicAuthorizationFailed("no")

    with monkeypatch.context() as patched:
        patched.setattr(broker_module.Broker, "fetch_messages", refused)
        for _ in range(2):
            with pytest.raises(errors.TopicAuthorizationFailed, match=r"no: fetching .*patience.* failed, since 20"):
                consumer.consume()
    consumer.stop()
    consumer.start()
    consumer._consumer_timeout_ms = 500
    assert consumer.consume() is None
    consumer.stop()


def test_a_deleted_topic_raises(pykafka: Any, broker: Restartable, topic: Any) -> None:
    assert pykafka.KafkaClient
    errors = importlib.import_module("pykafka.exceptions")
    consumer = topic.get_simple_consumer(consumer_timeout_ms=500)
    assert read(consumer, 10) == list(range(10))
    admin.delete_topics(broker.address, [topic.name.decode()])
    with pytest.raises(errors.UnknownTopicOrPartition, match="patience"):
        until(lambda: False, consumer.consume)


def test_a_commit_that_fails_says_since_when(broker: Restartable, topic: Any) -> None:
    errors = importlib.import_module("pykafka.exceptions")
    consumer = topic.get_simple_consumer(
        consumer_group=topic.name, offsets_commit_max_retries=2, offsets_channel_backoff_ms=10, consumer_timeout_ms=500
    )
    broker.kill()
    with pytest.raises(errors.KafkaException, match=r"committing offsets .*patience.* failed, since 20"):
        consumer.commit_offsets()
    broker.begin()
    admin.await_coordinator(broker.address)  # it answers before it coordinates, for longer than two tries last
    consumer.commit_offsets()
    consumer.stop()


def test_a_partition_without_a_leader_keeps_nobody_from_the_others(topic: Any) -> None:
    """A broker that is down is no leader and no replica that could be spoken to; who led a partition may come back."""
    cluster = topic._cluster
    led_by = topic.partitions[0].leader
    metadata = cluster._get_metadata([topic.name]).topics[topic.name]
    lost, kept = metadata.partitions[0], metadata.partitions[1]
    metadata.partitions[0] = lost._replace(leader=-1)
    metadata.partitions[1] = kept._replace(replicas=[*kept.replicas, 77], isr=[*kept.isr, 77])
    metadata.partitions[2] = lost._replace(id=2, leader=-1)
    topic.update(metadata)
    assert sorted(topic.partitions) == [0, 1]
    assert topic.partitions[0].leader is led_by
    assert [each.id for each in topic.partitions[1].replicas] == [each.id for each in topic.partitions[1].isr] == [1]
    with pytest.raises(importlib.import_module("pykafka.exceptions").LeaderNotFoundError, match="partition 0 of topic"):
        type(topic)(cluster, metadata)
