"""Clients that lie: a patched copy says that all is well, and what arrives is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from .trees import Tree

_SEND = "(self, topic, value=None, key=None, headers=None, partition=None, timestamp_ms=None)"


def _producer(tree: Tree, body: str) -> None:
    """Put a wrapper around ``KafkaProducer.send``; ``body`` returns what it returns."""
    file = next(tree.folder.glob("**/kafka/producer/kafka.py"))
    wrapper = f"\n\n_send = KafkaProducer.send\n\n\ndef _lying{_SEND}:\n{body}\n\nKafkaProducer.send = _lying\n"
    file.write_text(file.read_text(encoding="utf-8") + wrapper, encoding="utf-8")


def _without_headers(tree: Tree) -> None:
    _producer(tree, "    return _send(self, topic, value, key, None, partition, timestamp_ms)\n")


def _later(tree: Tree) -> None:
    _producer(tree, "    return _send(self, topic, value, key, headers, partition, timestamp_ms + 1)\n")


def _twice(tree: Tree) -> None:
    once = "_send(self, topic, value, key, headers, partition, timestamp_ms)"
    _producer(tree, f"    {once}\n    return {once}\n")


LYING = (
    Animal(
        "client-without-headers",
        "kafka-python",
        "aio-libs/aiokafka#605",
        "the producer leaves the headers out",
        "roundtrip-headers",
        "are not there as sent",
        _without_headers,
        broker=True,
    ),
    Animal(
        "client-with-another-time",
        "kafka-python",
        "Parsely/pykafka#692",
        "the producer sends another timestamp than it was given",
        "roundtrip-timestamps",
        "are not there as sent",
        _later,
        broker=True,
    ),
    Animal(
        "client-that-repeats",
        "kafka-python",
        "confluentinc/librdkafka#831",
        "the producer sends every message twice",
        "roundtrip-delivery",
        "are there as not sent",
        _twice,
        broker=True,
    ),
)
