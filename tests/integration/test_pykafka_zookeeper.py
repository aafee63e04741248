"""pykafka in pure Python against a Kafka before KRaft: groups that are kept in ZooKeeper, with no broker's help."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from kafka_forge import brokers
from kafka_forge.brokers import admin
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .draining import drained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def old_broker() -> Iterator[Broker]:
    with brokers.start("2.8.2", Cache.default(), Silent()) as started:
        yield started


def until(seconds: float, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_group_in_zookeeper_rebalances_commits_and_resumes(pykafka: Any, old_broker: Broker) -> None:
    admin.create_topics(old_broker.address, {"kept": 4})
    client = pykafka.KafkaClient(old_broker.address)  # a topic does not keep its client alive
    topic = client.topics["kept"]

    def produce(first: int, last: int) -> None:
        with topic.get_producer(linger_ms=10) as producer:
            for number in range(first, last):
                producer.produce(b"%d" % number)

    def member() -> Any:
        return topic.get_balanced_consumer(
            "group", zookeeper_connect=old_broker.zookeeper, consumer_timeout_ms=1000, auto_commit_enable=True
        )

    def read(*members: Any, count: int = 400) -> Counter[int]:
        return Counter(int(message.value) for message in drained(*members, count=count))

    produce(0, 400)
    first = member()
    assert read(first) == Counter(range(400))
    second = member()
    until(60, lambda: len(first.partitions) == len(second.partitions) == 2)
    assert not first.partitions.keys() & second.partitions.keys()
    produce(400, 800)
    assert read(first, second) == Counter(range(400, 800))
    second.stop()
    until(60, lambda: len(first.partitions) == 4)
    produce(800, 1200)
    assert read(first) == Counter(range(800, 1200))
    first.stop()
    produce(1200, 1300)
    third = member()
    assert read(third, count=100) == Counter(range(1200, 1300))
    third.stop()


def test_a_group_in_zookeeper_follows_a_topic_that_grows(pykafka: Any, old_broker: Broker) -> None:
    """ZooKeeper tells of new partitions, before they have leaders."""
    admin.create_topics(old_broker.address, {"growing": 1})
    client = pykafka.KafkaClient(old_broker.address)
    topic = client.topics["growing"]
    members = [
        topic.get_balanced_consumer(
            "followers", zookeeper_connect=old_broker.zookeeper, consumer_timeout_ms=1000, rebalance_max_retries=20
        )
        for _ in range(2)
    ]
    until(60, lambda: sorted(len(each.partitions) for each in members) == [0, 1])
    changes = AdminClient({"bootstrap.servers": old_broker.address})
    changes.create_partitions([NewPartitions("growing", 4)])["growing"].result(30)
    until(60, lambda: [len(each.partitions) for each in members] == [2, 2])
    with topic.get_producer(linger_ms=10) as producer:
        for number in range(400):
            producer.produce(b"%d" % number)
    assert Counter(int(message.value) for message in drained(*members, count=400)) == Counter(range(400))
    for each in members:
        each.stop()


LEFT_RUNNING = """
import sys
sys.path.insert(0, {tree!r})
import pykafka
client = pykafka.KafkaClient({address!r})
topic = client.topics[b"left"]
member = topic.get_balanced_consumer(b"left", zookeeper_connect={zookeeper!r}, auto_commit_enable=True)
print("ready", flush=True)
sys.stdin.readline()
member._must_rebalance = True
member._told_to_rebalance.set()
"""


def test_a_program_ends_though_its_zookeeper_is_gone(pykafka: Any) -> None:
    """With its brokers; a rebalance that was under way was waited for at exit, for ever."""
    tree = str(Path(pykafka.__file__).parents[1])
    with brokers.start("2.8.2", Cache.default(), Silent()) as doomed:
        admin.create_topics(doomed.address, {"left": 2})
        code = LEFT_RUNNING.format(tree=tree, address=doomed.address, zookeeper=doomed.zookeeper)
        program = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    try:
        program.communicate("gone\n", timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0


FORKED = """
import os, signal, sys
sys.path.insert(0, {tree!r})
import pykafka
from pykafka.exceptions import ForkedClientError
client = pykafka.KafkaClient({address!r})
topic = client.topics[b"forked"]
member = topic.get_balanced_consumer(b"forked", zookeeper_connect={zookeeper!r}, consumer_timeout_ms=90_000)
child = os.fork()
if child == 0:
    signal.alarm(60)
    try:
        member.consume()
    except ForkedClientError:
        member.stop()
        sys.exit(7)
    sys.exit(8)
_, status = os.waitpid(child, 0)
with topic.get_producer(linger_ms=1) as producer:
    producer.produce(b"to the parent")
print(os.WEXITSTATUS(status), member.consume().value.decode())
member.stop()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork()")
def test_a_child_of_a_member_in_zookeeper_ends_and_its_parent_goes_on(pykafka: Any, old_broker: Broker) -> None:
    tree = str(Path(pykafka.__file__).parents[1])
    admin.create_topics(old_broker.address, {"forked": 1})
    code = FORKED.format(tree=tree, address=old_broker.address, zookeeper=old_broker.zookeeper)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert ended.stdout == "7 to the parent\n", ended.stderr
    assert ended.returncode == 0
