"""Transactions with aiokafka. Each desk has an asyncio loop on a thread of its own, as a program's main thread has."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus

_POLL_MS = 50


class Desk:
    """`transacting.Desk`."""

    def __init__(self, address: str, deadline: scenario.Deadline) -> None:
        self._address, self._deadline = address, deadline
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Return what a coroutine returns, within the time that is left."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(self._deadline.left)

    def fill(self, topic: str, numbers: range) -> None:
        """See `transacting.Desk.fill`."""
        writer = Writer(self, self.do(self._producer()), topic)
        for number in numbers:
            for partition in range(corpus.PARTITIONS):
                writer.send(partition, number)
        writer.flush()
        writer.close()

    def writer(self, topic: str) -> Writer:
        """See `transacting.Desk.writer`."""
        limit = int(self._deadline.left * 1000)
        return Writer(self, self.do(self._producer(transactional_id=topic, transaction_timeout_ms=limit)), topic)

    def reader(self, topic: str, isolation: str) -> Reader:
        """See `transacting.Desk.reader`."""
        return Reader(self, self.do(self._consumer(topic, None, isolation)), None)

    def member(self, group: str) -> Reader:
        """See `transacting.Desk.member`."""
        return Reader(self, self.do(self._consumer(group, group, "read_committed")), group)

    def fenced(self, error: Exception) -> bool:
        """See `transacting.Desk.fenced`."""
        return isinstance(error, errors.ProducerFenced)

    def replaced(self, error: Exception) -> bool:
        """See `transacting.Desk.replaced`."""
        return isinstance(error, (errors.CommitFailedError, errors.IllegalGeneration, errors.UnknownMemberId))

    async def _producer(self, **settings: Any) -> Any:
        producer = AIOKafkaProducer(bootstrap_servers=self._address, **settings)
        await producer.start()
        return producer

    async def _consumer(self, topic: str, group: str | None, isolation: str) -> Any:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._address,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level=isolation,
        )
        await consumer.start()
        if group:
            consumer.subscribe([topic])
        else:
            partitions = [TopicPartition(topic, partition) for partition in range(corpus.PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
        return consumer


class Reader:
    """`transacting.Reader`."""

    def __init__(self, desk: Desk, consumer: Any, group: str | None) -> None:
        self._desk, self._consumer, self._group = desk, consumer, group

    def poll(self) -> list[tuple[int, int, int]]:
        """See `transacting.Reader.poll`."""
        found = self._desk.do(self._consumer.getmany(timeout_ms=_POLL_MS))
        return [(each.partition, each.offset, int(each.value)) for some in found.values() for each in some]

    def held(self) -> tuple[Any, Any]:
        """See `transacting.Reader.held`: aiokafka has the group's name for it, and no word of its member."""
        return self._desk.do(self._positions()), self._group

    def close(self) -> None:
        """See `transacting.Reader.close`."""
        self._desk.do(self._consumer.stop())

    async def _positions(self) -> dict[Any, int]:
        return {each: await self._consumer.position(each) for each in self._consumer.assignment()}


class Writer:
    """`transacting.Writer`; it sends to a topic in no transaction, too."""

    def __init__(self, desk: Desk, producer: Any, topic: str) -> None:
        self._desk, self._producer, self._topic = desk, producer, topic
        self._sent: list[Any] = []

    def begin(self) -> None:
        """See `transacting.Writer.begin`."""
        self._desk.do(self._producer.begin_transaction())

    def send(self, partition: int, number: int) -> None:
        """See `transacting.Writer.send`."""
        self._sent.append(self._desk.do(self._producer.send(self._topic, b"%d" % number, partition=partition)))

    def flush(self) -> None:
        """See `transacting.Writer.flush`; a message that was not delivered raises here."""
        self._desk.do(self._told())
        self._sent.clear()

    def offsets(self, held: tuple[Any, Any]) -> None:
        """See `transacting.Writer.offsets`."""
        self._desk.do(self._producer.send_offsets_to_transaction(*held))

    def commit(self) -> None:
        """See `transacting.Writer.commit`."""
        self._desk.do(self._producer.commit_transaction())

    def abort(self) -> None:
        """See `transacting.Writer.abort`."""
        self._desk.do(self._producer.abort_transaction())

    def close(self) -> None:
        """See `transacting.Writer.close`."""
        self._desk.do(self._producer.stop())

    async def _told(self) -> None:
        await asyncio.gather(*self._sent)
