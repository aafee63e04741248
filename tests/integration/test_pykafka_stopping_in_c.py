"""pykafka's C mode stops within its bound: beside a broker that hangs, and whoever it is that stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .pykafka_topics import end_of, new_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

WAIT_MS = 1000
LOADED = 10  # seconds on top, for a machine that is busy; a delivery time-out of librdkafka's would be 36 at least


@pytest.fixture
def paused() -> Iterator[Broker]:
    """A broker of one's own, whose process may be stopped."""
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as started:
        yield started


@pytest.fixture
def topic(broker: Broker) -> str:
    """A new topic of one partition."""
    return new_topic(broker.address)


def test_a_broker_that_hangs_does_not_keep_clients_from_stopping(paused: Broker, pykafka_env: PykafkaEnv) -> None:
    assert paused._record is not None
    assert paused._record.server is not None
    process = paused._record.server.process()
    assert process is not None
    answer = pykafka_env.run(
        "stop_beside_a_hanging_broker",
        paused.address,
        topic=new_topic(paused.address),
        pid=process.pid,
        wait_ms=WAIT_MS,
    )
    assert answer["seconds"] < WAIT_MS / 1000 + LOADED
    assert answer["reports"] == ["ProduceFailureError"] * 3
    assert answer["raised"].startswith("ProduceFailureError: 3 messages were not delivered; the first because of ")


def test_what_there_is_no_time_for_is_raised(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    raised = pykafka_env.run("stop_abandoned", broker.address, topic=topic)
    assert raised.startswith("1 messages were not delivered; the first because of ")
    assert "The producer was stopped before" in raised


def test_a_producer_may_be_stopped_by_whom_it_calls(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    answer = pykafka_env.run("stop_from_within", broker.address, topic=topic)
    assert answer["error"] is None
    assert answer["seconds"] < LOADED
    assert end_of(broker.address, topic) == 1


def test_a_producer_may_be_collected_in_the_thread_that_serves_it(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    assert pykafka_env.run("collect_in_its_own_thread", broker.address, topic=topic) == {"alive": False, "threads": 0}
    assert end_of(broker.address, topic) == 3
