"""confluent_kafka.aio."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.aio import AIOConsumer, AIOProducer

from webtopic import fault
from webtopic.fault import Fault
from webtopic.kafka import ID, READ_AHEAD, READ_AHEAD_BYTES, Bounds, Place, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECONDS = 10.0
"""For a broker to answer what is asked of it."""
_LONGEST = 86_400_000
"""Milliseconds; the longest that librdkafka takes."""
_UNKNOWN = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  (librdkafka's own errors are called so)
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
)
_AWAY = (
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._MSG_TIMED_OUT,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError._WAIT_COORD,  # noqa: SLF001
)


class Confluent:
    """A producer for all topics."""

    def __init__(self, hosts: str, patience: float) -> None:
        self._hosts = hosts
        self._producer = AIOProducer(
            {
                "bootstrap.servers": hosts,
                "enable.idempotence": True,  # a message that is sent again is written once
                "delivery.timeout.ms": int(patience * 1000),
                "linger.ms": 0,
            }
        )
        self._topics: dict[str, _Topic] = {}

    async def topic(self, name: str) -> _Topic:
        """See `kafka.Kafka`."""
        if name not in self._topics:
            if name not in (await self._metadata()).topics:
                raise Fault(fault.TOPIC_UNKNOWN, f"Kafka has no topic {name!r}")
            self._topics[name] = _Topic(self._hosts, self._producer, name)
        return self._topics[name]

    async def look(self) -> None:
        """See `kafka.Kafka`."""
        await self._metadata()

    async def _metadata(self) -> Any:
        # of all topics: asked for one, a producer has brokers create it
        with _told():
            return await self._producer.list_topics(timeout=_SECONDS)

    async def stop(self) -> None:
        """See `kafka.Kafka`."""
        await self._producer.close()


async def connect(hosts: str, patience: float) -> Confluent:
    """Connect to the brokers.

    Args:
        hosts: ``HOST:PORT``, several with commas between them.
        patience: for how many seconds a message is tried.

    Raises:
        Fault: no broker answers.
    """
    client = Confluent(hosts, patience)
    try:
        await client.look()
    except BaseException:
        await client.stop()
        raise
    return client


class _Topic:
    def __init__(self, hosts: str, producer: AIOProducer, name: str) -> None:
        self._hosts = hosts
        self._producer = producer
        self._name = name

    async def bounds(self) -> Mapping[int, Bounds]:
        consumer = self._consumer()
        try:
            with _told():
                known = (await consumer.list_topics(self._name, timeout=_SECONDS)).topics[self._name]
                if known.error is not None:
                    raise KafkaException(known.error)
                return {each: await self._bounds(consumer, each) for each in known.partitions}
        finally:
            await consumer.close()

    async def _bounds(self, consumer: AIOConsumer, partition: int) -> Bounds:
        told = await consumer.get_watermark_offsets(TopicPartition(self._name, partition), timeout=_SECONDS)
        if told is None:
            raise Fault(fault.BROKER_AWAY, f"no broker tells the offsets of partition {partition}")
        return Bounds(*told)

    async def produce(self, value: bytes | None, key: bytes | None, id: str | None) -> Place:  # noqa: A002
        headers = None if id is None else [(ID, id.encode())]
        with _told():
            message = await (await self._producer.produce(self._name, value, key, headers=headers))
        return Place(message.partition(), message.offset())

    async def reader(self, offsets: Mapping[int, int]) -> _Reader:
        consumer = self._consumer()
        try:
            with _told():
                await consumer.assign([TopicPartition(self._name, *place) for place in offsets.items()])
        except BaseException:
            await consumer.close()
            raise
        return _Reader(consumer)

    def _consumer(self) -> AIOConsumer:
        return AIOConsumer(
            {
                "bootstrap.servers": self._hosts,
                "group.id": "webtopic",  # which it must have and never joins
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",  # where a browser is so slow that messages are gone meanwhile
                "max.poll.interval.ms": _LONGEST,  # nobody reads while a browser has enough
                "queued.min.messages": READ_AHEAD,
                "queued.max.messages.kbytes": READ_AHEAD * READ_AHEAD_BYTES // 1024,
                "fetch.message.max.bytes": READ_AHEAD_BYTES,
            }
        )


class _Reader:
    def __init__(self, consumer: AIOConsumer) -> None:
        self._consumer = consumer
        self._error: KafkaError | None = None

    async def read(self, most: int) -> Sequence[Record]:
        # consume() waits until it has all that it is asked for, or its time is up: so the first is waited for alone
        with _told():
            messages = [await self._consumer.poll()] if self._error is None else []
            if messages and most > 1:
                messages += await self._consumer.consume(most - 1, 0)
            good = [message for message in messages if message.error() is None]
            self._error = next((each.error() for each in messages if each.error() is not None), self._error)
            if not good and self._error is not None:  # which is told when all before it was
                raise KafkaException(self._error)
            return [_record(message) for message in good]

    async def stop(self) -> None:
        await self._consumer.close()


def _record(message: Any) -> Record:
    id = dict(message.headers() or ()).get(ID)  # noqa: A001
    kind, milliseconds = message.timestamp()
    return Record(
        message.partition(),
        message.offset(),
        milliseconds if kind else None,
        message.key(),
        message.value(),
        id and id.decode(errors="replace"),
    )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Have what confluent-kafka raises be told as a fault."""
    try:
        yield
    except KafkaException as raised:
        error = raised.args[0]
        code, text = error.code(), f"{error.name()}: {error.str()}"
        if code in _UNKNOWN:
            raise Fault(fault.TOPIC_UNKNOWN, f"Kafka does not know the topic any more: {text}") from raised
        if code == KafkaError.MSG_SIZE_TOO_LARGE:
            raise Fault(fault.TOO_LARGE, f"Kafka takes no message of that size: {text}") from raised
        if code == KafkaError._QUEUE_FULL:  # noqa: SLF001  (librdkafka's own errors are called so)
            raise Fault(fault.BUFFER_FULL, f"librdkafka has no room for it: {text}") from raised
        if code in _AWAY or error.retriable():
            raise Fault(fault.BROKER_AWAY, f"no broker answers: {text}", unsure=True) from raised
        raise Fault(fault.REFUSED, text, unsure=True) from raised
