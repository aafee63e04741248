"""Consumers as this package makes them, and questions to the broker with errors that say what they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from dask_kafka_ranges.errors import BrokerNotThere, Cause, KafkaRangesError, RangeNotReadable, TopicNotThere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Settings = dict[str, Any]
"""librdkafka's (CONFIGURATION.md there), as confluent-kafka takes them; ``bootstrap.servers`` is the least."""

_OURS: Settings = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # a range that is gone is an error, not another range
    "auto.offset.reset": "error",
    # the end of a partition may have no message: then only this tells that it was reached
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
}
_DEFAULTS: Settings = {
    # a worker keeps some consumers at hand; librdkafka's own bound is 64 MiB for each
    "queued.max.messages.kbytes": 16384,
    # once that is full, librdkafka would not fetch for a second, whenever there is room again
    "fetch.queue.backoff.ms": 5,
    "group.id": "dask-kafka-ranges",
}
_ABSENT = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
SILENT = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
}


def consumer_settings(settings: Mapping[str, Any], group: str | None = None) -> Settings:
    """Return the settings of a consumer that reads ranges; what this package relies on overrides what is given."""
    return {**_DEFAULTS, **settings, **({"group.id": group} if group else {}), **_OURS}


@contextlib.contextmanager
def consumer(settings: Mapping[str, Any], group: str | None = None) -> Iterator[Consumer]:
    """Give a consumer that is closed when the block ends."""
    made = Consumer(consumer_settings(settings, group))
    try:
        yield made
    finally:
        made.close()


def translated(
    error: KafkaException | KafkaError,
    what: str,
    topic: str | None = None,
    partition: int | None = None,
    offset: int | None = None,
    otherwise: type[KafkaRangesError] = RangeNotReadable,
) -> KafkaRangesError:
    """Return the exception that stands for one of confluent-kafka's; ``otherwise`` where it is no special one."""
    told = error.args[0] if isinstance(error, KafkaException) else error
    if not isinstance(told, KafkaError):
        return otherwise(f"{what}: {error}", topic, partition, offset)
    kind = TopicNotThere if told.code() in _ABSENT else BrokerNotThere if told.code() in SILENT else otherwise
    return kind(what, topic, partition, offset, Cause.of(told))


def partitions_of(asked: Consumer, topic: str, timeout: float) -> list[int]:
    """Return the numbers of a topic's partitions.

    Args:
        timeout: in seconds.

    Raises:
        TopicNotThere: it does not exist.
        BrokerNotThere: nobody answers in time.
    """
    try:
        known = asked.list_topics(topic, timeout).topics[topic]
    except KafkaException as error:
        raise translated(error, "the broker does not tell the topic's partitions", topic) from None
    if known.error is not None:
        raise translated(known.error, "the topic cannot be read", topic)
    return sorted(known.partitions)


def bounds(asked: Consumer, topic: str, partition: int, timeout: float) -> tuple[int, int]:
    """Return a partition's first offset, and the one behind the last that can be read.

    With ``isolation.level=read_committed``, librdkafka's default, that is the last stable offset.

    Raises:
        TopicNotThere, BrokerNotThere, RangeNotReadable: as the broker says.
    """
    try:
        found = asked.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout, cached=False)
    except KafkaException as error:
        raise translated(error, "the broker does not tell the partition's offsets", topic, partition) from None
    if found is None:
        raise BrokerNotThere(f"no broker told the partition's offsets within {timeout:g} s", topic, partition)
    return found[0], found[1]


AS_THEY_ARE: Settings = {"isolation.level": "read_uncommitted"}
"""Has `committed` tell the group's offsets without those that a transaction under way may commit (KIP-447).

With ``read_committed`` they are waited for, and if who began the transaction is gone, that is until it has been fenced
or its ``transaction.timeout.ms`` is over.
"""


def committed(asked: Consumer, topic: str, partitions: list[int], timeout: float) -> dict[int, int | None]:
    """Return partition → the offset that the consumer's group has committed, None where there is none.

    Raises:
        BrokerNotThere, RangeNotReadable: as the broker says.
    """
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    try:
        found = asked.committed(wanted, timeout=timeout)
    except KafkaException as error:
        raise translated(error, "the broker does not tell the group's offsets", topic) from None
    for each in found:
        if each.error is not None:
            raise translated(each.error, "the broker does not tell the group's offset", topic, each.partition)
    return {each.partition: each.offset if each.offset >= 0 else None for each in found}
