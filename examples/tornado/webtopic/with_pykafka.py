"""pykafka.aio, in pure Python or on librdkafka (``use_rdkafka``)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient
from pykafka.aio import AsyncKafkaClient
from pykafka.common import OffsetType
from pykafka.exceptions import (
    InvalidTopic,
    KafkaException,
    LeaderNotAvailable,
    LeaderNotFoundError,
    MessageSizeTooLarge,
    NoBrokersAvailableError,
    NotLeaderForPartition,
    OffsetRequestFailedError,
    ProduceFailureError,
    ProducerQueueFullError,
    RdKafkaException,
    RequestTimedOut,
    SocketDisconnectedError,
    UnknownTopicOrPartition,
)

from webtopic import fault
from webtopic.fault import Fault
from webtopic.kafka import ID, READ_AHEAD, READ_AHEAD_BYTES, Bounds, Place, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

_AWAY = (
    LeaderNotAvailable,
    LeaderNotFoundError,
    NoBrokersAvailableError,
    NotLeaderForPartition,
    OffsetRequestFailedError,
    OSError,
    ProduceFailureError,  # not delivered in time
    RequestTimedOut,
    SocketDisconnectedError,
)
_AWAY_IN_C = (-195, -193, -192, -187, -185)
"""librdkafka's _TRANSPORT, _RESOLVE, _MSG_TIMED_OUT, _ALL_BROKERS_DOWN and _TIMED_OUT (rdkafka.h)."""


class Pykafka:
    """A client and a producer for each topic that was asked for."""

    def __init__(self, client: AsyncKafkaClient, hosts: str, patience: float, *, use_rdkafka: bool) -> None:
        self._client = client
        self._hosts = hosts
        self._patience = patience
        self._use_rdkafka = use_rdkafka
        self._topics: dict[str, _Topic] = {}
        self._opening = asyncio.Lock()

    async def topic(self, name: str) -> _Topic:
        """See `kafka.Kafka`."""
        async with self._opening:
            if name not in self._topics:
                with _told():
                    self._topics[name] = await self._open(name)
            return self._topics[name]

    async def _open(self, name: str) -> _Topic:
        # AsyncKafkaClient.topic() has brokers create a topic that they do not know
        if name not in await asyncio.to_thread(_names, self._hosts):
            raise Fault(fault.TOPIC_UNKNOWN, f"Kafka has no topic {name!r}")
        await self._client.update_cluster()
        topic = await self._client.topic(name)
        producer = topic.get_producer(
            use_rdkafka=self._use_rdkafka,
            partitioner=_by_key,
            required_acks=-1,  # with which it is idempotent: a message that is sent again is written once
            delivery_timeout_ms=int(self._patience * 1000),
            room_timeout_ms=1,  # `sending` counts what is under way, and refuses more itself
        )
        await producer.start()
        return _Topic(topic, producer, use_rdkafka=self._use_rdkafka)

    async def look(self) -> None:
        """See `kafka.Kafka`."""
        with _told():
            await self._client.update_cluster()

    async def stop(self) -> None:
        """See `kafka.Kafka`."""
        with contextlib.suppress(KafkaException):  # whoever waited for a message was told
            await self._client.stop()


async def connect(hosts: str, patience: float, *, use_rdkafka: bool) -> Pykafka:
    """Connect to the brokers.

    Args:
        hosts: ``HOST:PORT``, several with commas between them.
        patience: for how many seconds a message is tried.
        use_rdkafka: whether librdkafka does the work.

    Raises:
        Fault: no broker answers.
    """
    # what librdkafka is to take brokers for that do not tell their version; the default is one that it warns of
    client = AsyncKafkaClient(hosts, broker_version="0.10.2")
    try:
        with _told():
            await client.start()
    except Fault:
        await client.stop()
        raise
    return Pykafka(client, hosts, patience, use_rdkafka=use_rdkafka)


class _Topic:
    def __init__(self, topic: Any, producer: Any, *, use_rdkafka: bool) -> None:
        self._topic = topic
        self._producer = producer
        self._use_rdkafka = use_rdkafka

    async def bounds(self) -> Mapping[int, Bounds]:
        with _told():
            low = await self._topic.earliest_available_offsets()
            high = await self._topic.latest_available_offsets()
        return {each: Bounds(low[each].offset[0], high[each].offset[0]) for each in low if each in high}

    async def produce(self, value: bytes | None, key: bytes | None, id: str | None) -> Place:  # noqa: A002
        headers = None if id is None else [(ID, id.encode())]
        with _told():
            message = await self._producer.produce(value, partition_key=key, headers=headers)
        return Place(message.partition_id, message.offset)

    async def reader(self, offsets: Mapping[int, int]) -> _Reader:
        consumer = self._topic.get_simple_consumer(
            use_rdkafka=self._use_rdkafka,
            queued_max_messages=READ_AHEAD,
            fetch_message_max_bytes=READ_AHEAD_BYTES,
            auto_offset_reset=OffsetType.EARLIEST,  # where a browser is so slow that messages are gone meanwhile
        )
        try:
            with _told():
                await consumer.start()
                partitions = consumer.partitions
                # an offset is that of the message before; all at once, as librdkafka begins anew each time
                before = ((each, offset - 1 if offset else OffsetType.EARLIEST) for each, offset in offsets.items())
                await consumer.reset_offsets([(partitions[each], offset) for each, offset in before])
        except BaseException:
            await consumer.stop()
            raise
        return _Reader(consumer)


class _Reader:
    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def read(self, most: int) -> Sequence[Record]:
        with _told():
            batches: AsyncIterator[list[Any]] = self._consumer.batches(most, 0).__aiter__()
            return [_record(message) for message in await batches.__anext__()]

    async def stop(self) -> None:
        await self._consumer.stop()


def _record(message: Any) -> Record:
    id = next((value for name, value in message.headers if name == ID), None)  # noqa: A001
    return Record(
        message.partition_id,
        message.offset,
        message.timestamp,
        message.partition_key,
        message.value,
        id and id.decode(errors="replace"),
    )


def _by_key(partitions: Sequence[Any], key: bytes | None) -> Any:
    """Choose a partition as librdkafka does: by the CRC of the key, any where there is none."""
    if key is None:
        return random.choice(partitions)  # noqa: S311  (nothing is kept secret by it)
    return partitions[zlib.crc32(key) % len(partitions)]


def _names(hosts: str) -> set[str]:
    """Ask for the names of all topics, without creating any."""
    client = KafkaClient(hosts)
    try:
        return {name.decode() for name in client.topics}
    finally:
        client.stop()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Have what pykafka raises be told as a fault."""
    try:
        yield
    except (UnknownTopicOrPartition, InvalidTopic) as error:
        raise Fault(fault.TOPIC_UNKNOWN, f"Kafka does not know the topic any more: {_text(error)}") from error
    except MessageSizeTooLarge as error:
        raise Fault(fault.TOO_LARGE, f"Kafka takes no message of that size: {_text(error)}") from error
    except ProducerQueueFullError as error:
        raise Fault(fault.BUFFER_FULL, f"pykafka has no room for it: {_text(error)}") from error
    except _AWAY as error:
        raise Fault(fault.BROKER_AWAY, f"no broker answers: {_text(error)}", unsure=True) from error
    except KafkaException as error:
        if isinstance(error, RdKafkaException) and error.args[:1] and error.args[0] in _AWAY_IN_C:
            raise Fault(fault.BROKER_AWAY, f"no broker answers: {_text(error)}", unsure=True) from error
        raise Fault(fault.REFUSED, _text(error), unsure=True) from error


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
