"""The witness: the toolkit's own Kafka client, which is not under test.

It fills topics for a client that could not write them itself, and reads back what an artifact wrote. It is the
confluent-kafka of the toolkit's own environment, with the librdkafka of its wheel: another build than any here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers.settings import READY_SECONDS
from kafka_forge.errors import ScenarioBroken
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kafka_forge.values.model import JsonObject

_SECONDS = 60.0
_WATCH = 1.0
_POLL = 0.02
"""consume() waits this long in any case, unless as many messages as it may return are there."""


def fill(
    address: str,
    topics: Mapping[str, str],
    messages: Callable[[str], Sequence[corpus.Message]],
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Write the corpus to topics, one for each codec.

    Args:
        address: the broker's ``HOST:PORT``.
        topics: codec → topic; the topics exist and are empty.
        messages: codec → what to write.
        watch: is called every second; what it raises ends the waiting.

    Raises:
        ScenarioBroken: the broker did not take every message within a minute.
    """
    from confluent_kafka import Producer

    failed: list[str] = []

    def delivered(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(str(error))

    producers = []
    for codec, topic in topics.items():
        producer = Producer(_settings(address) | {"compression.type": codec, "on_delivery": delivered})
        for m in messages(codec):
            producer.produce(
                topic, value=m.value, key=m.key, partition=m.partition, headers=list(m.headers), timestamp=m.timestamp
            )
        producers.append(producer)
    deadline = time.monotonic() + _SECONDS
    for producer in producers:
        while producer.flush(_WATCH) and time.monotonic() < deadline:
            watch()
    left = sum(len(producer) for producer in producers)
    if left or failed:
        raise _broken(address, f"{left} messages were not answered for, {len(failed)} were refused", failed[:5])


def read(address: str, topics: Iterable[str]) -> dict[str, list[JsonObject]]:
    """Read topics from their beginning to their present end.

    Returns:
        Topic → its records (see `corpus.record`), each partition in its order.

    Raises:
        ScenarioBroken: the end was not reached within a minute.
    """
    from confluent_kafka import Consumer, TopicPartition

    found: dict[str, list[JsonObject]] = {topic: [] for topic in topics}
    settings = {"group.id": "kafka-forge-witness", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(_settings(address) | settings | {"fetch.wait.max.ms": 20})
    try:
        open_ends = {(topic, partition) for topic in found for partition in range(corpus.PARTITIONS)}
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in open_ends])
        deadline = time.monotonic() + _SECONDS
        while open_ends:
            if time.monotonic() > deadline:
                raise _broken(address, f"{len(open_ends)} partitions were not read to their end")
            for message in consumer.consume(500, _POLL):
                _take(message, found, open_ends, address)
        return found
    finally:
        consumer.close()


def committed(address: str, group: str, topic: str) -> dict[int, int]:
    """Return partition → offset that the broker holds for a consumer group; partitions without one are left out.

    Raises:
        ScenarioBroken: the broker does not say.
    """
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer = Consumer(_settings(address) | {"group.id": group, "enable.auto.commit": False})
    try:
        asked = [TopicPartition(topic, partition) for partition in range(corpus.PARTITIONS)]
        answer = consumer.committed(asked, timeout=_SECONDS)
    except KafkaException as error:
        raise _broken(address, f"the offsets of the group {group} cannot be read: {error}") from error
    finally:
        consumer.close()
    return {each.partition: each.offset for each in answer if each.offset >= 0}


def group(address: str, name: str) -> JsonObject:
    """Return what the broker says of a group that reads the topic of its own name.

    Returns:
        ``type``: ``classic`` or ``consumer`` (KIP-848); None where the broker is too old to say (before 3.8).
        ``committed``: see `committed`.

    Raises:
        ScenarioBroken: the broker does not say.
    """
    from confluent_kafka import ConsumerGroupType, KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient(_settings(address))
    try:
        listed = client.list_consumer_groups(request_timeout=_SECONDS).result()
    except KafkaException as error:
        raise _broken(address, f"the groups cannot be listed: {error}") from error
    if listed.errors:
        raise _broken(address, f"the groups cannot be listed: {listed.errors[0]}")
    kinds = {each.group_id: each.type for each in listed.valid}
    kind = kinds.get(name, ConsumerGroupType.UNKNOWN)
    told = None if kind in (None, ConsumerGroupType.UNKNOWN) else kind.name.lower()
    return {"type": told, "committed": committed(address, name, name)}


def await_transactions(address: str, watch: Callable[[], None] = lambda: None) -> None:
    """Have the witness get ready for transactions: from then on the broker is, for the client as well.

    The topic of the transactions' state is made for the first that asks for its coordinator; until it is led, which
    takes a minute on a busy machine, nobody gets a producer id. What a broker refuses for good (it may be too old, or
    forbid it) is the client's to say.

    Args:
        address: the broker's ``HOST:PORT``.
        watch: is called every second or so; what it raises ends the waiting.

    Raises:
        ScenarioBroken: the broker gives no producer id within five minutes.
    """
    from confluent_kafka import Producer

    producer = Producer(_settings(address) | {"transactional.id": "kafka-forge-witness"})
    deadline = time.monotonic() + READY_SECONDS
    while why := _unready(producer):
        if time.monotonic() > deadline:
            raise _broken(address, f"transactions have no coordinator: {why}")
        watch()


def _unready(producer: Any) -> Any:
    """Return why a producer's transactions are not ready yet; None where they are, or never will be."""
    from confluent_kafka import KafkaException

    try:
        producer.init_transactions(_WATCH)
    except KafkaException as error:
        return error.args[0] if error.args[0].retriable() else None
    return None


def leaders(address: str, topics: Iterable[str]) -> dict[str, dict[int, tuple[str, int]]]:
    """Return topic → partition → host and port of its leader.

    Raises:
        ScenarioBroken: the broker does not say.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        known = AdminClient(_settings(address)).list_topics(timeout=_SECONDS)
    except KafkaException as error:
        raise _broken(address, f"the leaders of the topics are not to be had: {error}") from error
    where = {number: (str(broker.host), int(broker.port)) for number, broker in known.brokers.items()}
    return {
        topic: {number: where[partition.leader] for number, partition in known.topics[topic].partitions.items()}
        for topic in topics
    }


def _take(message: Any, found: dict[str, list[JsonObject]], open_ends: set[tuple[str, int]], address: str) -> None:
    from confluent_kafka import KafkaError

    error = message.error()
    if error is None:
        found[message.topic()].append(
            corpus.record(
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
                message.headers() or [],
                message.timestamp()[1],
            )
        )
    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  (the public name of librdkafka's code)
        open_ends.discard((message.topic(), message.partition()))
    else:
        raise _broken(address, f"a topic cannot be read: {error}")


def _settings(address: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": address,
        "client.id": "kafka-forge-witness",
        "log_level": 0,
        "error_cb": lambda _error: None,  # librdkafka would write to standard error; the calls raise anyway
    }


def _broken(address: str, what: str, details: Sequence[str] = ()) -> ScenarioBroken:
    return ScenarioBroken(
        f"the witness, the toolkit's own client, could not do its part: {what}",
        where=address,
        details=details,
        todo="see that the broker takes messages of 1 MB and all five codecs, then run the same command again.",
    )
