"""What pykafka's C mode says of messages that are not delivered: always something, and never what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

SECRET = "the number on the card"


@pytest.fixture
def narrow(broker: Broker) -> str:
    """A topic that takes messages of a hundred bytes."""
    return new_topic(broker.address, config={"max.message.bytes": "100"})


def test_the_text_of_a_failure_is_not_the_message(broker: Broker, pykafka_env: PykafkaEnv, narrow: str) -> None:
    """Neither a text, nor bytes that are none, nor what lies behind an empty value."""
    secret = (SECRET * 10).encode().hex()
    values = [secret, "e9ff00" * 80, ""]
    answers = pykafka_env.run("refused_texts", broker.address, topic=narrow, messages=[[v, secret] for v in values])
    assert [kind for kind, _ in answers] == ["MessageSizeTooLarge"] * 3
    for _, text in answers:
        assert SECRET not in text
        assert text.isascii()
        assert "too large" in text or "size" in text, text


def test_a_report_whose_exception_cannot_be_made_has_a_plainer_one(
    broker: Broker, pykafka_env: PykafkaEnv, narrow: str
) -> None:
    assert pykafka_env.run("unmakeable_report", broker.address, topic=narrow) == "RdKafkaException"


def test_a_failure_whose_report_cannot_be_put_is_raised(broker: Broker, pykafka_env: PykafkaEnv, narrow: str) -> None:
    raised = pykafka_env.run("unreportable_failure", broker.address, topic=narrow)
    assert raised.startswith("1 messages were not delivered; the first because of MSG_SIZE_TOO_LARGE")


def test_a_text_of_librdkafkas_that_ends_within_a_letter_is_no_decoding_error(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    """Its buffer cuts one of the two within one of their letters of two bytes."""
    names = ["é" * 400, "a" + "é" * 400]
    answers = pykafka_env.run("refused_settings", broker.address, names=names)
    assert answers == ["RdKafkaException"] * 2
