"""Every end of pykafka's consumers in pure Python has a bound, whatever the brokers do and whoever ends them."""

from __future__ import annotations

import gc
import importlib
import itertools
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

from .restarting import Restartable, restartable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.integration

BOUND = 20.0  # seconds; consumers wait for five, and a busy machine for longer
PATIENCE = 90.0
SENT = 10


@pytest.fixture(scope="module")
def broker() -> Iterator[Restartable]:
    with restartable() as started:
        yield started


@pytest.fixture
def topic(pykafka: Any, broker: Restartable) -> Iterator[Any]:
    """A new topic with SENT messages, through a client of its own."""
    client = pykafka.KafkaClient(broker.address)
    name = f"stops-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1})
    client.update_cluster()
    found = client.topics[name]
    with found.get_producer(linger_ms=1) as producer:
        for number in range(SENT):
            producer.produce(b"%d" % number)
    yield found
    del client


def consumer_of(topic: Any, kind: str) -> Any:
    """A consumer that has read everything, and has it still to commit."""
    settings = {"auto_commit_enable": True, "auto_commit_interval_ms": 3_600_000, "consumer_timeout_ms": 60_000}
    if kind == "simple":
        consumer = topic.get_simple_consumer(consumer_group=topic.name, **settings)
    else:
        consumer = topic.get_balanced_consumer(topic.name, managed=True, heartbeat_interval_ms=200, **settings)
    assert len(list(itertools.islice(consumer, SENT))) == SENT
    return consumer


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def committed(topic: Any) -> int:
    watcher = topic.get_simple_consumer(consumer_group=topic.name, auto_start=False, reset_offset_on_fetch=False)
    ((_, found),) = watcher.fetch_offsets()
    return int(found.offset)


@pytest.fixture
def paused(broker: Restartable) -> Iterator[Callable[[], None]]:
    """Lets the broker hang, until the test ends."""
    yield broker.pause
    broker.go_on()


KINDS = pytest.mark.parametrize("kind", ["simple", "managed"])


@KINDS
def test_a_stop_has_a_bound_though_the_broker_hangs(topic: Any, paused: Callable[[], None], kind: str) -> None:
    errors = importlib.import_module("pykafka.exceptions")
    consumer = consumer_of(topic, kind)
    paused()
    begun = time.monotonic()
    with pytest.raises(errors.KafkaException, match=r"committing offsets .*stops-.* failed, since 20"):
        consumer.stop()
    assert time.monotonic() - begun < BOUND
    with pytest.raises(errors.ConsumerStoppedException):
        consumer.consume()
    consumer.stop()  # it was told, and is stopped


def test_what_has_nothing_to_commit_stops_in_silence_though_the_broker_hangs(
    topic: Any, paused: Callable[[], None]
) -> None:
    simple = topic.get_simple_consumer()
    member = topic.get_balanced_consumer(topic.name, managed=True, heartbeat_interval_ms=200)
    paused()
    begun = time.monotonic()
    simple.stop()
    member.stop()
    assert time.monotonic() - begun < BOUND


def test_a_stop_has_a_bound_while_a_rebalance_waits_for_a_broker_that_hangs(
    topic: Any, paused: Callable[[], None]
) -> None:
    """The rebalance goes on without whom it was for: it does not bring the member back."""
    member = topic.get_balanced_consumer(topic.name, managed=True, heartbeat_interval_ms=100, consumer_timeout_ms=100)
    join, joins = member._join_group, threading.Event()

    def join_while_it_hangs() -> Any:
        if not joins.is_set():
            paused()
        joins.set()
        return join()

    member._join_group = join_while_it_hangs
    member._must_rejoin = True
    assert joins.wait(PATIENCE)
    begun = time.monotonic()
    member.stop()
    assert time.monotonic() - begun < BOUND


@KINDS
def test_a_waiting_consume_is_woken_by_a_stop(topic: Any, kind: str) -> None:
    errors = importlib.import_module("pykafka.exceptions")
    consumer = consumer_of(topic, kind)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            consumer.consume()
        except errors.ConsumerStoppedException as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    consumer.stop()
    waiting.join(BOUND)
    assert len(raised) == 1


class Dropping:
    """A request in whose making the last reference to something goes, in the worker that sends it."""

    def __init__(self, held: list[Any]) -> None:
        self.held = held

    def get_bytes(self) -> bytes:
        self.held.clear()
        gc.collect()
        return bytes(importlib.import_module("pykafka.protocol").ApiVersionsRequest().get_bytes())


@KINDS
def test_a_consumer_that_is_forgotten_in_a_worker_commits_elsewhere(topic: Any, kind: str) -> None:
    """Parsely/pykafka#218: a destructor that waits for a worker may run in that very one, and waited for ever."""
    held = [consumer_of(topic, kind)]
    held[0].itself = held  # a cycle, which only the garbage collector takes
    inside = held[0] if kind == "simple" else held[0]._consumer
    coordinator = inside._group_coordinator
    del inside
    assert committed(topic) == 0 or committed(topic) == -1
    future = coordinator.offsets_channel_handler.request(Dropping(held))
    del held
    future.get(timeout=PATIENCE)
    until(lambda: committed(topic) == SENT)


def test_a_forgotten_member_leaves_its_group(topic: Any) -> None:
    def members() -> int:
        groups = topic._cluster.get_managed_group_descriptions()
        return len(groups[topic.name].members)

    member = consumer_of(topic, "managed")
    assert members() == 1
    del member
    gc.collect()
    until(lambda: members() == 0)


def test_no_worker_is_left_after_a_stop(topic: Any) -> None:
    def ours() -> set[str]:
        return {
            each.name
            for each in threading.enumerate()
            if any(kind in each.name for kind in ("fetcher", "autocommit", "heartbeat", "call_within"))
        }

    gc.collect()
    until(lambda: not ours())
    consumers = [consumer_of(topic, "simple"), topic.get_balanced_consumer(b"other-" + topic.name, managed=True)]
    assert ours()
    for consumer in consumers:
        consumer.stop()
    until(lambda: not ours())
