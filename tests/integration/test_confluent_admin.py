"""`confluent_kafka.admin.AdminClient` of the recipe's artifact: what it does with what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .confluent_aio import ask

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet


def test_arguments_stay_their_callers(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "borrowed", "inside_confluent_admin.py") == [0, 5]
