"""Clients that lie: a patched copy says that all is well, and what arrives is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from .trees import Tree

_SEND = "(self, topic, value=None, key=None, headers=None, partition=None, timestamp_ms=None)"

_TOLD = """

import time

from kafka.future import Future


class _Told(Future):
    def get(self, timeout=None):
        end = time.monotonic() + (timeout or 60)
        while not self.is_done and time.monotonic() < end:
            time.sleep(0.01)
        return self.value
"""
"""What a producer returns for a message that is not on its way: it can be asked as that of any other."""


def _producer(tree: Tree, body: str) -> None:
    """Put a wrapper around ``KafkaProducer.send``; ``body`` returns what it returns."""
    file = next(tree.folder.glob("**/kafka/producer/kafka.py"))
    wrapper = f"\n\n_send = KafkaProducer.send\n\n\ndef _lying{_SEND}:\n{body}\n\nKafkaProducer.send = _lying\n"
    file.write_text(file.read_text(encoding="utf-8") + _TOLD + wrapper, encoding="utf-8")


def _without_headers(tree: Tree) -> None:
    _producer(tree, "    return _send(self, topic, value, key, None, partition, timestamp_ms)\n")


def _later(tree: Tree) -> None:
    later = "timestamp_ms and timestamp_ms + 1"
    _producer(tree, f"    return _send(self, topic, value, key, headers, partition, {later})\n")


def _twice(tree: Tree) -> None:
    once = "_send(self, topic, value, key, headers, partition, timestamp_ms)"
    _producer(tree, f"    {once}\n    return {once}\n")


_UNCOMPRESSED = """

_init = KafkaProducer.__init__


def _lying_init(self, **configs):
    _init(self, **configs)
    self._accumulator.config['compression_attrs'] = 0

KafkaProducer.__init__ = _lying_init
"""
_DROPPING = """    if getattr(self, '_dropped', None) is None:
        self._dropped = _Told().success(None)
        return self._dropped
    return _send(self, topic, value, key, headers, partition, timestamp_ms)
"""
_REORDERING = """    message = (self, topic, value, key, headers, partition, timestamp_ms)
    held = self.__dict__.setdefault('_held', {})
    if partition not in held:
        held[partition] = (message, _Told())
        return held[partition][1]
    first, told = held[partition] or (None, None)
    held[partition] = None
    sent = _send(*message)
    if first:
        _send(*first).chain(told)
    return sent
"""


def _uncompressed(tree: Tree) -> None:
    tree.append("**/kafka/producer/kafka.py", _UNCOMPRESSED)


def _dropping(tree: Tree) -> None:
    _producer(tree, _DROPPING)


def _reordering(tree: Tree) -> None:
    _producer(tree, _REORDERING)


def _committing_nothing(tree: Tree) -> None:
    tree.append("**/kafka/consumer/group.py", "\n\nKafkaConsumer.commit = lambda *_, **__: None\n")


_READING_ALL = """

_init = KafkaConsumer.__init__


def _lying_init(self, *topics, **configs):
    configs.pop('isolation_level', None)
    _init(self, *topics, **configs)

KafkaConsumer.__init__ = _lying_init
"""


def _reading_what_is_aborted(tree: Tree) -> None:
    tree.append("**/kafka/consumer/group.py", _READING_ALL)


def _leaving_offsets_out(tree: Tree) -> None:
    lie = "\n\nKafkaProducer.send_offsets_to_transaction = lambda *_, **__: None\n"
    tree.append("**/kafka/producer/kafka.py", lie)


LYING = (
    Animal(
        "client-without-headers",
        "kafka-python",
        "aio-libs/aiokafka#605",
        "the producer leaves the headers out",
        "roundtrip-headers",
        "are not there as sent",
        "hands the headers on",
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
        "hands the timestamp on",
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
        "a patch or a build changed it",
        _twice,
        broker=True,
    ),
    Animal(
        "codec-not-applied",
        "kafka-python",
        "confluentinc/confluent-kafka-go#333",
        "the producer takes the codec, and sends without compression",
        "roundtrip-compression",
        "no batch on disk has the codec",
        "hands the codec on",
        _uncompressed,
        broker=True,
    ),
    Animal(
        "client-that-drops",
        "kafka-python",
        "dpkp/kafka-python#1236",
        "the producer says that all was sent, and leaves a message out",
        "roundtrip-delivery",
        "are not there as sent",
        "a patch or a build changed it",
        _dropping,
        broker=True,
    ),
    Animal(
        "client-that-reorders",
        "kafka-python",
        "Parsely/pykafka#458",
        "the producer sends a partition's second message before its first",
        "roundtrip-order",
        "another message stands at place 0",
        "in their order",
        _reordering,
        broker=True,
    ),
    Animal(
        "client-that-commits-nothing",
        "kafka-python",
        "dpkp/kafka-python#458",
        "the consumer says that it has committed, and the broker knows nothing of it",
        "roundtrip-group",
        "the broker holds the offsets {}",
        "what the client commits",
        _committing_nothing,
        broker=True,
    ),
    Animal(
        "client-that-reads-what-is-aborted",
        "kafka-python",
        "confluentinc/librdkafka#3020",
        "the consumer takes the isolation level, and reads what no transaction has committed",
        "roundtrip-transactions",
        "that should not",
        "goes by, the isolation level",
        _reading_what_is_aborted,
        broker=True,
    ),
    Animal(
        "client-that-leaves-offsets-out",
        "kafka-python",
        "confluentinc/confluent-kafka-go#525",
        "the producer says that a transaction has the offsets, and they are not in it",
        "roundtrip-transactions",
        "the broker holds the offsets {}",
        "ends and loses its transactions",
        _leaving_offsets_out,
        broker=True,
    ),
)
