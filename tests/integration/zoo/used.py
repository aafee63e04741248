"""What can be imported, and shows only in its use that it is not what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from .trees import Tree

_FORGETTING = """

_init = KafkaConsumer.__init__


def _lying_init(self, *topics, **configs):
    configs.pop('group_instance_id', None)
    _init(self, *topics, **configs)

KafkaConsumer.__init__ = _lying_init
"""
_STALLING = """

import itertools
import time

_produce, _calls = AIOProducer.produce, itertools.count(1)


async def _stalling(self, *args, **kwargs):
    if next(_calls) % 5000 == 0:
        time.sleep(0.06)
    return await _produce(self, *args, **kwargs)

AIOProducer.produce = _stalling
"""


def _sizes_out_of_range(tree: Tree) -> None:
    """As upstream derives it from the default arguments: 100 GB in kilobytes, of which librdkafka takes two (0020)."""
    tree.replace(
        tree.one("**/pykafka/rdkafka/config.py"),
        "max(\n            1, min(queued * fetch_bytes // 1024, QUEUE_KBYTES))",
        "queued * fetch_bytes // 1024",
    )


def _never_static(tree: Tree) -> None:
    tree.append("**/kafka/consumer/group.py", _FORGETTING)


def _stalling(tree: Tree) -> None:
    tree.append("**/confluent_kafka/aio/producer/_AIOProducer.py", _STALLING)


USED = (
    Animal(
        "fails-on-first-use",
        "pykafka",
        "Parsely/pykafka#966",
        "the extension can be imported, and no consumer of it can be made",
        "roundtrip-acceleration[rdkafka/consume]",
        "is outside allowed range",
        "which error the extension gives on first use",
        _sizes_out_of_range,
        broker=True,
    ),
    Animal(
        "static-member-that-is-none",
        "kafka-python",
        "dpkp/kafka-python#2333",
        "the consumer takes the id of a static member, and joins without it",
        "roundtrip-rebalance[default/classic/static]",
        "rebalances meanwhile",
        "where the member was in its poll loop",
        _never_static,
        broker=True,
    ),
    Animal(
        "loop-that-stalls",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#2211",
        "the producer for asyncio blocks its loop's thread now and then",
        "roundtrip-asyncio[asyncio/heartbeat]",
        "in every round the loop was late",
        "keep what blocks off the loop's thread",
        _stalling,
        broker=True,
    ),
)
