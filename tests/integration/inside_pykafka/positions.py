"""Where consumers go on: after another start(), after stop() and start(), and after what failed."""

from __future__ import annotations

import itertools
from typing import Any

from pykafka.exceptions import KafkaException
from pykafka.rdkafka import _rd_kafka

from .clients import topic_of


def start_again(address: str, topic: str, count: int) -> dict[str, Any]:
    """The offsets that one consumer without a group sees: started, started again, and stopped between two starts."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        seen = [_offsets(consumer, count)]
        consumer.start()
        seen.append(_offsets(consumer, count))
        consumer.stop()
        held = consumer.held_offsets[0]
        consumer.start()
        seen.append(_offsets(consumer, count))
        consumer.stop()
        _rd_kafka._wait_destroyed(20000)
    return {"seen": seen, "held": held, "threads": _rd_kafka._thread_cnt()}


def go_on_after_a_failure(address: str, topic: str, count: int) -> dict[str, Any]:
    """The offsets that a consumer sees before and after a reset that fails."""
    with topic_of(address, topic) as found:
        consumer = found.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
        seen = [_offsets(consumer, count)]
        try:
            consumer.reset_offsets([("no partition", 0)])
            raised = ""
        except KafkaException as error:
            raised = type(error).__name__
        seen.append(_offsets(consumer, count))
        consumer.stop()
    return {"seen": seen, "raised": raised}


def _offsets(consumer: Any, count: int) -> list[int]:
    return [message.offset for message in itertools.islice(consumer, count)]
