"""Where pykafka's consumers in pure Python go on: a position and the queue behind it change together."""

from __future__ import annotations

import importlib
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

from .draining import drained

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

SENT = 20
PATIENCE_MS = 90_000  # of a consumer that waits for a message which must come
SILENCE_MS = 1_000  # of silence, which is the end once all that must come has


@pytest.fixture
def client(pykafka: Any, broker: Broker) -> Any:
    return pykafka.KafkaClient(broker.address)


def filled(client: Any, partitions: int = 1, count: int = SENT) -> Any:
    """A new topic with messages 0, 1, …, in turn on its partitions."""
    name = f"positions-{uuid.uuid4()}"
    admin.create_topics(client._seed_hosts, {name: partitions})
    client.update_cluster()
    topic = client.topics[name]
    write(topic, range(count))
    return topic


def write(topic: Any, numbers: Iterable[int]) -> None:
    with topic.get_producer(linger_ms=1) as producer:
        for number in numbers:
            producer.produce(b"%d" % number)


def take(consumer: Any, count: int) -> list[int]:
    """The next messages, each of which must come."""
    return [int(consumer.consume().value) for _ in range(count)]


def rest(consumer: Any, first: int) -> list[int]:
    """What comes, of which the messages from a number on must; and what comes beyond that."""
    for each in (consumer, getattr(consumer, "_consumer", None)):  # a member has one inside, with the same patience
        if each is not None:
            each._consumer_timeout_ms = SILENCE_MS
    return [int(message.value) for message in drained(consumer, count=SENT - first)]


def test_a_second_start_changes_nothing(client: Any) -> None:
    topic = filled(client)
    for group in (None, topic.name):
        consumer = topic.get_simple_consumer(consumer_group=group, consumer_timeout_ms=PATIENCE_MS)
        assert take(consumer, 5) == list(range(5))
        consumer.start()
        assert rest(consumer, 5) == list(range(5, SENT))
        consumer.stop()


def test_a_second_start_of_a_member_changes_nothing(client: Any) -> None:
    topic = filled(client)
    member = topic.get_balanced_consumer(topic.name, managed=True, consumer_timeout_ms=PATIENCE_MS)
    assert take(member, 5) == list(range(5))
    inside = member._consumer
    member.start()
    assert member._consumer is inside  # it has not joined again
    assert rest(member, 5) == list(range(5, SENT))
    member.stop()


def test_fetched_offsets_replace_what_was_queued(client: Any) -> None:
    topic = filled(client)
    consumer = topic.get_simple_consumer(consumer_group=topic.name, consumer_timeout_ms=PATIENCE_MS)
    assert take(consumer, 5) == list(range(5))
    consumer.commit_offsets()
    consumer.fetch_offsets()
    assert take(consumer, 5) == list(range(5, 10))
    consumer.fetch_offsets()  # 5 is what was committed
    assert rest(consumer, 5) == list(range(5, SENT))
    consumer.stop()


def test_a_flushed_queue_is_fetched_again(client: Any) -> None:
    topic = filled(client)
    consumer = topic.get_simple_consumer(consumer_timeout_ms=PATIENCE_MS)
    assert take(consumer, 5) == list(range(5))
    consumer._partitions_by_id[0].flush()
    assert rest(consumer, 5) == list(range(5, SENT))
    consumer.stop()


@pytest.mark.parametrize("grouped", [False, True])
def test_a_consumer_goes_on_after_stop_and_start(client: Any, grouped: bool) -> None:
    """With a group from what it committed, without one behind what it consumed; and only one fetcher goes on."""
    topic = filled(client)
    consumer = topic.get_simple_consumer(
        consumer_group=topic.name if grouped else None, consumer_timeout_ms=PATIENCE_MS, auto_commit_enable=grouped
    )
    read = take(consumer, 5)
    for _ in range(3):
        consumer.stop()
        consumer.start()
        read += take(consumer, 3)
    assert read + rest(consumer, len(read)) == list(range(SENT))
    consumer.stop()


def test_a_member_goes_on_after_stop_and_start(client: Any) -> None:
    topic = filled(client, partitions=2)
    member = topic.get_balanced_consumer(
        topic.name, managed=True, consumer_timeout_ms=PATIENCE_MS, auto_commit_enable=True
    )
    read = take(member, 5)
    for _ in range(2):
        member.stop()
        member.start()
        read += take(member, 3)
    assert sorted(read + rest(member, len(read))) == list(range(SENT))
    member.stop()


def test_what_is_on_its_way_when_the_position_changes_is_dropped(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a fetch from 0 is held back until the consumer was told to go on behind 14."""
    topic = filled(client)
    module = importlib.import_module("pykafka.broker")
    asked, moved = threading.Event(), threading.Event()
    fetch = module.Broker.fetch_messages

    def held_back(*arguments: Any, **options: Any) -> Any:
        answer = fetch(*arguments, **options)
        asked.set()
        assert moved.wait(60)
        return answer

    monkeypatch.setattr(module.Broker, "fetch_messages", held_back)
    consumer = topic.get_simple_consumer(consumer_timeout_ms=PATIENCE_MS)
    assert asked.wait(60)
    consumer.reset_offsets([(topic.partitions[0], 14)])
    moved.set()
    assert rest(consumer, 15) == list(range(15, SENT))
    assert consumer.held_offsets == {0: SENT - 1}
    consumer.stop()


def test_no_message_is_lost_or_repeated_while_offsets_are_fetched_again_and_again(client: Any) -> None:
    """One thread commits and goes on from there, over and over, while messages are consumed: a commit is a true one."""
    topic = filled(client, count=5000)
    consumer = topic.get_simple_consumer(
        consumer_group=topic.name, consumer_timeout_ms=PATIENCE_MS, queued_max_messages=50
    )
    previous = -1
    for number in range(60):
        (first, *others) = take(consumer, 20)
        assert first == previous + 1, number
        assert others == list(range(first + 1, first + 20)), number
        previous = others[-1]
        consumer.commit_offsets()
        consumer.fetch_offsets()
    consumer.stop()
