"""`confluent_kafka.aio.AIOProducer` of the recipe's artifact: what is produced, awaited and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .confluent_aio import ask

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet


def test_a_long_poll_ends_with_the_first_report(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "long_poll") == [True, True]


def test_a_report_wakes_the_loop(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "woken") == ["v", 0]


def test_what_was_flushed_is_told(confluent: Environment, broker: Broker) -> None:
    """flush() returned when librdkafka had delivered, and futures of hundreds of messages were to be resolved yet."""
    assert ask(confluent, broker, "told_by_flush") == [0, 1]


def test_headers_and_timestamps_are_sent(confluent: Environment, broker: Broker) -> None:
    sent = [["a", "31"], ["a", ""], ["größe", "00"]]
    assert ask(confluent, broker, "headers") == ["v", sent, 1_700_000_000_000]


def test_a_message_that_cannot_be_sent_fails_alone(confluent: Environment, broker: Broker) -> None:
    told, later, read = ask(confluent, broker, "alone")
    assert told == ["0", "1", "TypeError", "3", "4"]
    assert later == "5"
    assert read == ["0", "1", "3", "4", "5"]


def test_an_argument_that_is_not_known_is_an_error(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "unknown") == ["TypeError", "TypeError"]


def test_a_full_queue_is_waited_for(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "full") == [["v"], 1000]


def test_an_awaited_message_does_not_wait_for_the_buffers_timeout(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "awaited") == "v"


def test_reports_come_without_a_timer(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "without_timer") == "v"


def test_cancelled_produces_leave_no_message_behind(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "left_behind") == ["0", "1", "2", "3"]


def test_messages_of_each_task_keep_their_order(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "ordered") is True
