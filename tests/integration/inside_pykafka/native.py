"""What a message of the C mode has of its own, and what is made of it when it is asked for."""

from __future__ import annotations

import contextlib
import copy
import gc
import hashlib
import itertools
import pickle
import sys
import time
from typing import Any

from pykafka.common import OffsetType
from pykafka.exceptions import ProduceFailureError, ProducerQueueFullError

from .clients import topic_of

_FIELDS = (
    "value",
    "partition_key",
    "offset",
    "partition_id",
    "timestamp",
    "headers",
    "delivery_report_q",
    "protocol_version",
    "compression_type",
    "produce_attempt",
)


def _all(message: Any) -> list[Any]:
    """Every field as JSON knows it."""
    found = {name: getattr(message, name) for name in _FIELDS}
    found["headers"] = [[name, value.decode()] for name, value in found["headers"]]
    return [each.decode() if isinstance(each, bytes) else each for each in found.values()]


def _consumer(topic: Any, use_rdkafka: bool) -> Any:
    return topic.get_simple_consumer(
        use_rdkafka=use_rdkafka, auto_offset_reset=OffsetType.EARLIEST, consumer_timeout_ms=90_000
    )


def fields_of_consumed(address: str, topic: str, count: int) -> dict[str, Any]:
    """All fields of `count` messages: in pure mode, and in C mode read at once and after all of them have come."""
    with topic_of(address, topic) as found:
        answers: dict[str, Any] = {}
        for name, use_rdkafka in (("pure", False), ("at once", True)):
            consumer = _consumer(found, use_rdkafka)
            answers[name] = [_all(message) for message in itertools.islice(consumer, count)]
            consumer.stop()
        consumer = _consumer(found, True)
        kept = list(itertools.islice(consumer, count))
        consumer.stop()
        answers["late"] = [_all(message) for message in kept]
        answers["copied"] = [_all(copy.copy(message)) for message in kept]
        for message in kept:
            message.partition = None  # which has a connection
        answers["pickled"] = [_all(pickle.loads(pickle.dumps(message))) for message in kept]
    return answers


def fields_of_produced(address: str, topic: str, count: int) -> dict[str, Any]:
    """All fields of `count` messages as produce() returned them, in both modes, and of copies of them.

    Of as many others nobody keeps what it returned. A timestamp stands as whether it is of the time of the call; the
    offsets once all is delivered, which the C mode tells with delivery reports only, stand by themselves.
    """
    answers: dict[str, Any] = {}
    with topic_of(address, topic) as found:
        for name, use_rdkafka in (("pure", False), ("c", True)):
            producer = found.get_producer(use_rdkafka=use_rdkafka, linger_ms=1)
            begun, kept = int(time.time() * 1000), []
            for number in range(count):
                headers = [("number", b"%d" % number)] if number % 3 else None
                kept.append(producer.produce(b"%d" % number, b"key" if number % 2 else None, headers=headers))
                producer.produce(b"not kept", b"other", headers=[("not", b"kept")])
            answers[f"{name} unasked"] = _numbers(*kept)
            copies = {"copied": list(map(copy.copy, kept)), "pickled": pickle.loads(pickle.dumps(kept))}
            producer.stop()
            answers[f"{name} offsets"] = [message.offset for message in kept]
            for way, messages in {"read": kept, **copies}.items():
                rows = answers[f"{name} {way}"] = [_all(message) for message in messages]
                for row in rows:
                    row[4] = begun <= row[4] <= time.time() * 1000
                    del row[2]
    return answers


def _numbers(*messages: Any) -> int:
    """How many numbers that are no small ones the messages refer to: a timestamp would be one."""
    return len([each for each in gc.get_referents(*messages) if isinstance(each, int) and each > 10**6])


def made_unasked(address: str, topic: str) -> dict[str, Any]:
    """What a consumed message refers to before anybody looks at it, and what it has been given by a user."""
    with topic_of(address, topic) as found:
        consumer = _consumer(found, True)
        message = next(iter(consumer))
        referred = _numbers(message)
        message.timestamp, message.partition_key, message.headers = 5, b"key", [("a", b"b")]
        given = [message.timestamp, message.partition_key.decode(), message.headers[0][0], message.offset]
        try:
            del message.offset
        except AttributeError as error:
            given.append(str(error))
        consumer.stop()
    return {"unasked": referred, "given": given, "class": type(message).__name__}


def _references(value: bytes) -> int:
    return sys.getrefcount(value)


def keep_values(address: str, topic: str) -> list[list[int]]:
    """How many references more than before a great value has while it is queued, and once it is delivered.

    Without reports, with them, and with a subclass of bytes, of which there is a copy.
    """
    seen: list[list[int]] = []
    with topic_of(address, topic) as found:
        for reports, kind in ((False, bytes), (True, bytes), (False, _Bytes)):
            value = kind(b"%d" % len(seen) * 4096)
            before = _references(value)
            producer = found.get_producer(use_rdkafka=True, linger_ms=30000, delivery_reports=reports)
            producer.produce(value).value = None
            queued = _references(value) - before
            producer.stop()
            if reports:
                _message, error = producer.get_delivery_report(timeout=60)
                assert error is None
                del _message
            seen.append([queued, _references(value) - before])
    return seen


class _Bytes(bytes):
    """Whose end might run code."""


def let_go_soon(address: str, topic: str) -> bool:
    """Whether a value that is delivered is let go of while the producer lives on and nobody calls it."""
    value = b"x" * 4096
    before = _references(value)
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=1)
        producer.produce(value)
        end = time.monotonic() + 60
        while _references(value) > before and time.monotonic() < end:
            time.sleep(0.05)
        gone = _references(value) == before
        producer.stop()
    return gone


def refuse_values(address: str, topic: str) -> list[Any]:
    """A value that the queue has no room for, and one that the broker refuses: what is raised, and what is left."""
    value = b"x" * 4096
    seen: list[Any] = []
    before = _references(value)
    with topic_of(address, topic) as found:
        options = {"use_rdkafka": True, "linger_ms": 1000}
        producer = found.get_producer(max_queued_messages=1, block_on_queue_full=False, **options)
        producer.produce(value)
        for _ in range(3):
            with contextlib.suppress(ProducerQueueFullError):
                producer.produce(value)
                seen.append("taken")
        seen.append(_references(value) - before)
        try:
            producer.stop()
        except ProduceFailureError as error:
            seen.append(type(error).__name__)
            del error
        seen.append(_references(value) - before)
    return seen


def send_and_forget(address: str, topic: str, count: int, reports: bool) -> int:
    """Produce values that nobody else has a reference to; return how many were reported as delivered."""
    delivered = 0
    with topic_of(address, topic) as found:
        producer = found.get_producer(use_rdkafka=True, linger_ms=50, delivery_reports=reports)
        for number in range(count):
            producer.produce(hashlib.sha256(b"%d" % number).digest() * 320).value = None
        producer.stop()
        while reports and delivered < count:
            message, error = producer.get_delivery_report(timeout=60)
            assert error is None
            assert message.offset == delivered
            delivered += 1
    return delivered
