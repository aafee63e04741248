"""Cases of pykafka.aio: what passes through it, in order, in batches, and under back-pressure."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from pykafka.aio import AsyncKafkaClient
from pykafka.partitioners import HashingPartitioner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 90  # for a case, on a machine that is busy
TICK = 0.001  # seconds between two beats of a heart


def in_a_loop(address: str, case: Callable[[Any], Awaitable[Any]], **client: Any) -> Any:
    """What a case answers, which gets a client."""

    async def main() -> Any:
        async with AsyncKafkaClient(address, **client) as connected:
            return await asyncio.wait_for(case(connected), SECONDS)

    return asyncio.run(main())


def shown(message: Any) -> list[Any]:
    """A message as JSON has it."""
    headers = [[name, value and value.decode()] for name, value in message.headers]
    texts = [text and text.decode() for text in (message.value, message.partition_key)]
    return [*texts, headers, message.partition_id, message.offset]


async def numbers(topic: Any, count: int, use_rdkafka: bool) -> list[int]:
    """The numbers in the first `count` messages of a topic."""
    found: list[int] = []
    async with topic.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer:
        while len(found) < count:
            found.append(int((await consumer.consume()).value))
    return found


def aio_round_trip(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """What was produced, one by one, as the producer and as a consumer show it; and where it went on after a seek."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        async with found.get_producer(use_rdkafka=use_rdkafka, required_acks=-1) as producer:
            sent = [
                await producer.produce(
                    b"value %d" % number if number % 3 else None,
                    partition_key=b"key" if number % 2 else None,
                    timestamp=1_600_000_000_000 + number,
                    headers=[("a", b"%d" % number), ("b", None)] if number % 4 else None,
                )
                for number in range(count)
            ]
        async with found.get_simple_consumer(b"round-trip", use_rdkafka=use_rdkafka) as consumer:
            got = [await consumer.consume() for _ in sent]
            await consumer.seek(0, 2)
            after_seek = (await consumer.consume()).offset
            await consumer.seek(0, 0)
            first = (await consumer.consume()).offset
            await consumer.commit()
        async with found.get_simple_consumer(b"round-trip", use_rdkafka=use_rdkafka) as consumer:
            held = consumer.held_offsets
        times = [message.timestamp for message in got]
        return {
            "sent": list(map(shown, sent)),
            "got": list(map(shown, got)),
            "times": times,
            "sought": [after_seek, first],
            "held": held,
        }

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_order(address: str, topic: str, use_rdkafka: bool, tasks: int, each: int) -> dict[str, list[int]]:
    """The numbers that came from each of several tasks, by its key."""

    async def case(client: Any) -> dict[str, list[int]]:
        found = await client.topic(topic)
        async with found.get_producer(
            use_rdkafka=use_rdkafka, partitioner=HashingPartitioner(), max_queued_messages=1000
        ) as producer:

            async def send(key: bytes) -> None:
                for number in range(0, each, 2):
                    await producer.send(b"%d" % number, partition_key=key)
                    await producer.send_many([(b"%d" % (number + 1), key)])

            await asyncio.gather(*[send(b"key %d" % task) for task in range(tasks)])
            await producer.flush()
        by_key: dict[str, list[int]] = {}
        async with found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer:
            async for batch in consumer.batches(500, 0.1):
                for message in batch:
                    by_key.setdefault(message.partition_key.decode(), []).append(int(message.value))
                if sum(map(len, by_key.values())) >= tasks * each:
                    break
        return by_key

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_batches(address: str, topic: str, use_rdkafka: bool, count: int) -> list[list[int]]:
    """The offsets of batches of ten, of which the last one waits for what does not come, and of one that comes late."""

    async def case(client: Any) -> list[list[int]]:
        found = await client.topic(topic)
        batches = []
        async with (
            found.get_producer(use_rdkafka=use_rdkafka) as producer,
            found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer,
        ):
            await producer.send_many([b"%d" % number for number in range(count)])
            await producer.flush()
            left = count
            async for batch in consumer.batches(10, 1):
                batches.append([message.offset for message in batch])
                left -= len(batch)
                if left == 0:
                    break
            late = asyncio.ensure_future(consumer.batches(10, 0.1).__anext__())
            await asyncio.sleep(0.3)
            await producer.produce(b"late")
            batches.append([message.offset for message in await late])
        return batches

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_pressure(address: str, topic: str, use_rdkafka: bool, count: int, limit: int) -> dict[str, Any]:
    """How many messages were queued at most, and the numbers that came."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        queued: list[int] = []
        async with found.get_producer(use_rdkafka=use_rdkafka, max_queued_messages=limit) as producer:

            async def send(first: int) -> None:
                for number in range(first, count, 3):
                    await producer.send(b"%d" % number)
                    queued.append(producer._sender.pending())

            async def produce() -> None:
                for number in range(2, count, 3):
                    await producer.produce(b"%d" % number)
                    queued.append(producer._sender.pending())

            await asyncio.gather(send(0), send(1), produce())
        return {"most": max(queued), "numbers": await numbers(found, count, use_rdkafka)}

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_heartbeat(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, float]:
    """How late a heart in the same loop beats while messages pass, in milliseconds; and how often it did."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late.append((time.perf_counter() - due) * 1000)

    async def case(client: Any) -> int:
        found = await client.topic(topic)
        heart = asyncio.ensure_future(beat())
        async with found.get_producer(use_rdkafka=use_rdkafka) as producer:
            for number in range(count // 2):
                await producer.send(b"%0100d" % number)
            await producer.send_many(b"%0100d" % number for number in range(count // 2, count))
        seen = 0
        async with found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer:
            async for message in consumer:
                assert int(message.value) == seen
                seen += 1
                if seen == count // 2:
                    break
            async for batch in consumer.batches(200, 0.1):
                seen += len(batch)
                if seen == count:
                    break
        heart.cancel()
        return seen

    seen = in_a_loop(address, case)
    late.sort()
    return {"seen": seen, "beats": len(late), "p99.9": late[int(len(late) * 0.999)], "worst": late[-1]}


def aio_balanced(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """Two members of a group in one loop: what each got of a topic of four partitions, and one when it was alone."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        options = {"managed": True, "use_rdkafka": use_rdkafka, "heartbeat_interval_ms": 300}
        got: list[list[int]] = [[], []]

        async def take(place: int, consumer: Any) -> None:
            async for message in consumer:
                got[place].append(int(message.value))

        async with found.get_producer(use_rdkafka=use_rdkafka) as producer:
            first = found.get_balanced_consumer(b"balanced", **options)
            second = found.get_balanced_consumer(b"balanced", **options)
            await first.start()
            await second.start()
            await until(lambda: len(first.partitions) == len(second.partitions) == 2)
            tasks = [asyncio.ensure_future(take(place, each)) for place, each in enumerate((first, second))]
            await producer.send_many([b"%d" % number for number in range(count)])
            await until(lambda: sum(map(len, got)) >= count)
            shared = [sorted(numbers) for numbers in got]
            await second.commit()
            await second.stop()
            await until(lambda: len(first.partitions) == 4)
            got[0].clear()
            await producer.send_many([b"%d" % number for number in range(count)])
            await until(lambda: len(got[0]) >= count)
            await first.stop()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        return {"shared": shared, "alone": sorted(got[0]), "ends": [type(end).__name__ for end in ends]}

    return in_a_loop(address, case)  # type: ignore[no-any-return]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true; the case's time is the bound."""
    while not condition():
        await asyncio.sleep(0.05)
