"""pykafka in pure Python against a Kafka before KRaft: groups that are kept in ZooKeeper, with no broker's help."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin
from kafka_forge.paths import Cache
from kafka_forge.progress import Silent

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

    def read(*members: Any) -> Counter[int]:
        return Counter(int(message.value) for consumer in members for message in consumer)

    produce(0, 400)
    first = member()
    assert read(first) == Counter(range(400))
    second = member()
    until(10, lambda: len(first.partitions) == len(second.partitions) == 2)
    assert not first.partitions.keys() & second.partitions.keys()
    produce(400, 800)
    assert read(first, second) == Counter(range(400, 800))
    second.stop()
    until(10, lambda: len(first.partitions) == 4)
    produce(800, 1200)
    assert read(first) == Counter(range(800, 1200))
    first.stop()
    produce(1200, 1300)
    third = member()
    assert read(third) == Counter(range(1200, 1300))
    third.stop()
