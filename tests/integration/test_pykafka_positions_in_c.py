"""pykafka's C mode goes on where it stood: nothing comes twice, and nothing is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import fill, new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

COUNT = 5


@pytest.fixture
def topic(broker: Broker) -> str:
    """A topic of one partition with messages for three rounds."""
    name = new_topic(broker.address)
    fill(broker.address, name, 3 * COUNT)
    return name


def rounds(number: int) -> list[list[int]]:
    """The offsets of some rounds of COUNT messages."""
    return [list(range(first, first + COUNT)) for first in range(0, number * COUNT, COUNT)]


def test_another_start_repeats_no_message(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    """Nor does it leave librdkafka's client of the one before behind."""
    answer = pykafka_env.run("start_again", broker.address, topic=topic, count=COUNT)
    assert answer == {"seen": rounds(3), "held": 2 * COUNT - 1, "threads": 0}


def test_a_reset_that_fails_leaves_the_consumer_where_it_stood(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    answer = pykafka_env.run("go_on_after_a_failure", broker.address, topic=topic, count=COUNT)
    assert answer == {"seen": rounds(2), "raised": "KafkaException"}
