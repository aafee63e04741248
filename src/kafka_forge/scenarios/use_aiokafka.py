"""The round trip with aiokafka: its documented API, default settings but for what the round trip asks for.

Each action has an asyncio loop of its own, as a small program has.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, scenario, transacting, transactions_aiokafka
else:
    import corpus
    import scenario
    import transacting
    import transactions_aiokafka


class Aiokafka:
    """`scenario.Client` over ``aiokafka.AIOKafkaProducer`` and ``aiokafka.AIOKafkaConsumer``."""

    together = False
    counts = False

    def __init__(self, request: scenario.Request) -> None:
        self._address = request.address

    def produce(
        self,
        codec: str,
        topic: str,
        messages: list[corpus.Message],
        deadline: scenario.Deadline,  # noqa: ARG002
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`; a send ends by the client's own ``request_timeout_ms`` (40 s)."""
        return asyncio.run(self._produce(codec, topic, messages))

    async def _produce(self, codec: str, topic: str, messages: list[corpus.Message]) -> dict[str, Any]:
        compression = None if codec == "none" else codec
        producer = AIOKafkaProducer(bootstrap_servers=self._address, compression_type=compression)
        await producer.start()
        try:
            futures = [
                await producer.send(
                    topic,
                    value=m.value,
                    key=m.key,
                    headers=list(m.headers),
                    partition=m.partition,
                    timestamp_ms=m.timestamp,
                )
                for m in messages
            ]
            told = await asyncio.gather(*futures, return_exceptions=True)
        finally:
            await producer.stop()
        failed = [repr(each) for each in told if isinstance(each, BaseException)]
        return {"sent": len(messages), "acked": len(told) - len(failed), "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        return asyncio.run(self._consume(topic, expected, deadline))

    async def _consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        consumer = self._consumer(None)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, partition) for partition in expected]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            read = await _read(consumer, sum(expected.values()), deadline)
            return {"records": [_record(each) for each in read], "cannot": {}}
        finally:
            await consumer.stop()

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        total = sum(expected.values())
        first = asyncio.run(self._member(group, topic, total // 2, deadline, commit=True))
        second = asyncio.run(self._member(group, topic, total - len(first), deadline, commit=False))
        return {"first": first, "second": second}

    def statistics(self) -> dict[str, Any]:
        """There is no C library that counts; see `scenario.Client.counts`."""
        raise NotImplementedError

    async def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        consumer = self._consumer(group)
        consumer.subscribe([topic])
        await consumer.start()
        try:
            read = [[each.partition, each.offset] for each in await _read(consumer, wanted, deadline)]
            if commit:
                await consumer.commit()
            return read
        finally:
            await consumer.stop()

    def _consumer(self, group: str | None) -> Any:
        return AIOKafkaConsumer(
            bootstrap_servers=self._address,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )


async def _read(consumer: Any, wanted: int, deadline: scenario.Deadline) -> list[Any]:
    read: list[Any] = []
    while len(read) < wanted and not deadline.over:
        for records in (await consumer.getmany(timeout_ms=500, max_records=wanted - len(read))).values():
            read += records
    return read


def _record(each: Any) -> corpus.Record:
    return corpus.record(each.partition, each.offset, each.key, each.value, each.headers, each.timestamp)


if __name__ == "__main__":
    asked = scenario.read_request()
    desks = functools.partial(transactions_aiokafka.Desk, asked.address)
    scenario.run(asked, Aiokafka(asked), transacting.tried(desks))
