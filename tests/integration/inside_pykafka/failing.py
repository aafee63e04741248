"""Messages that are not delivered, and what is said of them."""

from __future__ import annotations

from typing import Any

from pykafka import exceptions
from pykafka.exceptions import KafkaException, ProduceFailureError
from pykafka.rdkafka import _rd_kafka

from .clients import topic_of


def refused_texts(address: str, topic: str, messages: list[list[str]]) -> list[list[str]]:
    """The class and the text of the error that is reported for each (value, key), in hexadecimal digits."""
    answers = []
    options = {"use_rdkafka": True, "linger_ms": 1, "delivery_reports": True}
    with topic_of(address, topic) as found, found.get_producer(**options) as producer:
        for value, key in messages:
            producer.produce(bytes.fromhex(value), bytes.fromhex(key))
            _, error = producer.get_delivery_report(timeout=60)
            answers.append([type(error).__name__, str(error)])
    return answers


class _Unmakeable(Exception):
    def __init__(self, *_arguments: Any) -> None:
        raise MemoryError


def unmakeable_report(address: str, topic: str) -> str:
    """The class of what is reported where the very exception that should be cannot be made."""
    exceptions.ERROR_CODES[exceptions.MessageSizeTooLarge.ERROR_CODE] = _Unmakeable
    ((kind, _),) = refused_texts(address, topic, [["00" * 200, ""]])
    return kind


class _Broken:
    def put(self, _report: Any) -> None:
        raise MemoryError


def unreportable_failure(address: str, topic: str) -> str:
    """What stop() raises after a failure of which the report could not be put into the queue."""
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1, delivery_reports=True)
        producer._delivery_reports.queue = _Broken()
        producer.produce(b"x" * 5000)
        try:
            producer.stop()
        except ProduceFailureError as error:
            return str(error)
    return ""


def refused_settings(address: str, names: list[str]) -> list[str]:
    """The class of what is raised for each setting that librdkafka does not know."""
    return [_refused(name) for name in names]


def _refused(name: str) -> str:
    try:
        _rd_kafka.Producer().configure(conf=[(name, "1")])
    except (KafkaException, UnicodeDecodeError) as error:
        return type(error).__name__
    return ""
