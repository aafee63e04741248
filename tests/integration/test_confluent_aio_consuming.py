"""`confluent_kafka.aio.AIOConsumer` of the recipe's artifact: reads that are cancelled, and callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .confluent_aio import ask

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet


def test_cancelled_reads_lose_nothing(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "cancelled") is True


def test_cancelled_reads_leave_the_consumer_usable(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "usable") == [1, True]


def test_callbacks_by_position_are_awaited(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "positional") == [[True, [0, 1]]]


def test_a_configuration_serves_two_clients(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "shared") == [[True, True], True]
