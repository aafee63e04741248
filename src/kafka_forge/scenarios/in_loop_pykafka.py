"""pykafka.aio as `in_loop.Driver`: default settings but for what the round trip asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from pykafka.aio import AsyncKafkaClient
from pykafka.common import CompressionType

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from kafka_forge.scenarios import corpus, in_loop, scenario
else:
    import corpus
    import scenario


class _Told:
    """A partitioner that sends messages, in their order, to the partitions that were named for them."""

    def __init__(self) -> None:
        self.partitions: deque[int] = deque()

    def __call__(self, partitions: list[Any], key: bytes | None) -> Any:  # noqa: ARG002
        wanted = self.partitions.popleft()
        return next(each for each in partitions if each.id == wanted)


class _Producer:
    def __init__(self, client: Any, **options: Any) -> None:
        self._client = client
        self._options = options
        self._told = _Told()
        self._producer: Any = None

    async def send(self, topic: str, message: corpus.Message) -> Awaitable[Any]:
        if self._producer is None:
            found = await self._client.topic(topic)
            self._producer = found.get_producer(partitioner=self._told, **self._options)
            await self._producer.start()
        self._told.partitions.append(message.partition)
        acknowledged: Awaitable[Any] = asyncio.ensure_future(
            self._producer.produce(
                message.value, partition_key=message.key, timestamp=message.timestamp, headers=message.headers
            )
        )
        return acknowledged

    async def close(self) -> None:
        await self._client.stop()


class _Consumer:
    def __init__(self, client: Any, group: str, *, use_rdkafka: bool) -> None:
        self._client = client
        self._group = group.encode()
        self._use_rdkafka = use_rdkafka
        self._consumer: Any = None

    async def assign(self, topic: str, partitions: list[int]) -> None:
        found = await self._client.topic(topic)
        self._consumer = found.get_simple_consumer(
            use_rdkafka=self._use_rdkafka, partitions=[found.partitions[each] for each in partitions]
        )
        await self._consumer.start()

    async def subscribe(self, topic: str) -> None:
        found = await self._client.topic(topic)
        self._consumer = found.get_balanced_consumer(
            self._group,
            managed=True,
            use_rdkafka=self._use_rdkafka,
            rebalance_backoff_ms=200,  # grows with each of five tries; the default is ten times as long
        )
        await self._consumer.start()

    async def read(self, most: int, seconds: float) -> list[Any]:
        try:
            batch: list[Any] = await asyncio.wait_for(self._consumer.batches(most, 0).__anext__(), seconds)
        except asyncio.TimeoutError:  # not the builtin one before 3.11
            return []
        return batch

    async def commit(self) -> None:
        await self._consumer.commit()

    async def close(self) -> None:
        await self._client.stop()


class Driver:
    """``pykafka.aio``, in one of its modes."""

    unsafe: str | None = None

    def __init__(self, address: str, *, use_rdkafka: bool) -> None:
        self._address = address
        self._use_rdkafka = use_rdkafka

    async def producer(self, name: str, codec: str) -> in_loop.Producer:  # noqa: ARG002
        """See `in_loop.Driver.producer`."""
        compression = getattr(CompressionType, codec.upper())
        return _Producer(await self._client(), use_rdkafka=self._use_rdkafka, compression=compression)

    async def consumer(self, name: str, group: str) -> in_loop.Consumer:  # noqa: ARG002
        """See `in_loop.Driver.consumer`."""
        return _Consumer(await self._client(), group, use_rdkafka=self._use_rdkafka)

    def record(self, message: Any) -> corpus.Record:
        """See `in_loop.Driver.record`."""
        return corpus.record(
            message.partition_id,
            message.offset,
            message.partition_key,
            message.value,
            message.headers,
            message.timestamp,
        )

    def counted(self, name: str, key: str) -> int:  # noqa: ARG002
        """See `in_loop.Driver.counted`; nothing is counted here, but in the modes without a loop."""
        return 0

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return {"source": "not counted", "library": scenario.mapped_libraries(), "sent": 0, "received": 0}

    async def _client(self) -> Any:
        client = AsyncKafkaClient(self._address)
        await client.start()
        return client
