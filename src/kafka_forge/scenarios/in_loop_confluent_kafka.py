"""confluent-kafka's asyncio classes as `in_loop.Driver`: default settings but for what the round trip asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.aio import AIOConsumer, AIOProducer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kafka_forge.scenarios import corpus, in_loop
    from kafka_forge.scenarios.counted_confluent_kafka import Counted, checked, record
else:
    from counted_confluent_kafka import Counted, checked, record


class _Producer:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._producer = AIOProducer(settings)

    async def send(self, topic: str, message: corpus.Message) -> Awaitable[Any]:
        optional = {"headers": list(message.headers)} if message.headers else {}
        waiting: Awaitable[Any] = await self._producer.produce(
            topic,
            value=message.value,
            key=message.key,
            partition=message.partition,
            timestamp=message.timestamp,
            **optional,
        )
        return waiting

    async def close(self) -> None:
        await self._producer.close()


class _Consumer:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._consumer = AIOConsumer(settings)

    async def assign(self, topic: str, partitions: list[int]) -> None:
        await self._consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])

    async def subscribe(self, topic: str) -> None:
        await self._consumer.subscribe([topic])

    async def read(self, most: int, seconds: float) -> list[Any]:
        return checked(await self._consumer.consume(most, seconds))

    async def commit(self) -> None:
        await self._consumer.commit(asynchronous=False)

    async def close(self) -> None:
        await self._consumer.close()


class Driver:
    """``confluent_kafka.aio``."""

    def __init__(self, address: str) -> None:
        self._counted = Counted(address)
        said = confluent_kafka.Consumer.close.__doc__ or ""
        # the recipe's patch documents what it mends
        self.unsafe = None if "under way" in said else "close() of this build does not wait for who is inside"

    async def producer(self, name: str, codec: str) -> in_loop.Producer:
        """See `in_loop.Driver.producer`."""
        return _Producer(self._counted.settings(self._keeping(name)) | {"compression.type": codec})

    async def consumer(self, name: str, group: str) -> in_loop.Consumer:
        """See `in_loop.Driver.consumer`."""
        return _Consumer(self._counted.consumer_settings(self._keeping(name), group))

    def record(self, message: Any) -> corpus.Record:
        """See `in_loop.Driver.record`."""
        return record(message)

    def counted(self, name: str, key: str) -> int:
        """See `in_loop.Driver.counted`."""
        return self._counted.count(name, key)

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return self._counted.statistics()

    def _keeping(self, name: str) -> Callable[[str], Awaitable[None]]:
        async def keep(text: str) -> None:
            self._counted.keep(name, text)

        return keep
