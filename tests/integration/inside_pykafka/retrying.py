"""Producers whose requests meet trouble on the way."""

from __future__ import annotations

from typing import Any

from pykafka.exceptions import KafkaException, UnsupportedVersionError

from .clients import topic_of


def produce_numbers(address: str, topic: str, count: int, options: dict[str, Any]) -> list[str]:
    """Send the numbers up to `count`, a request each as it comes; return the classes of the errors reported."""
    errors = []
    with topic_of(address, topic) as found:
        producer = found.get_producer(
            use_rdkafka=True, linger_ms=1, delivery_reports=True, pending_timeout_ms=60_000, **options
        )
        with producer:
            for number in range(count):
                producer.produce(b"%d" % number)
            for _ in range(count):
                _, error = producer.get_delivery_report(timeout=60)
                if error is not None:
                    errors.append(f"{type(error).__name__}: {error}")
    return errors


def recover_from_a_fatal_error(address: str, topic: str) -> list[str]:
    """What produce() raises after librdkafka's fatal error, and after another start()."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, required_acks=-1)
        producer.produce(b"before")
        producer._wait_all()
        producer._rdk_producer._fail(45, "a gap")
        said = [_said(producer)]
        producer.stop()
        producer.start()
        said.append(_said(producer))
        producer.stop()
    return said


def _said(producer: Any) -> str:
    try:
        producer.produce(b"after")
    except KafkaException as error:
        return str(error)
    return ""


def combine(address: str, topic: str, combinations: list[dict[str, Any]]) -> list[str]:
    """Whether the producer of each is idempotent, or what is raised."""
    with topic_of(address, topic) as found:
        return [_combined(found, options) for options in combinations]


def _combined(found: Any, options: dict[str, Any]) -> str:
    try:
        with found.get_producer(use_rdkafka=True, **options) as producer:
            return str(producer._idempotent)
    except (ValueError, UnsupportedVersionError) as error:
        return f"{type(error).__name__}: {error}"
