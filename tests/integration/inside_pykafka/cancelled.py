"""Cases of pykafka.aio whose awaits are cancelled at many points."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

from pykafka.exceptions import ConsumerStoppedException

from .asynchronous import in_a_loop, numbers, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

LONGEST = 0.004  # seconds until a cancellation; some come before anything is done, some after all of it


async def cancelled(awaitable: Awaitable[Any], seconds: float) -> Any:
    """What an awaitable returns that is cancelled after a while, and None if it was."""
    task = asyncio.ensure_future(awaitable)
    await asyncio.sleep(seconds)
    task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        return None


def delays(count: int) -> Iterator[float]:
    """Lengths of time from 0 on."""
    drawn = random.Random(17)
    for number in range(count):
        yield 0 if number % 5 == 0 else drawn.uniform(0, LONGEST)


def aio_cancel_produce(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """The numbers that were acknowledged, those whose await was cancelled, and those in the topic."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        acknowledged: list[int] = []
        given_up: list[int] = []
        async with found.get_producer(use_rdkafka=use_rdkafka, max_queued_messages=200) as producer:

            async def produce(number: int, seconds: float) -> None:
                call = producer.produce(b"%d" % number)
                done = await (call if number % 3 == 0 else cancelled(call, seconds * 10))
                (given_up if done is None else acknowledged).append(number)

            await asyncio.gather(*[produce(number, seconds) for number, seconds in enumerate(delays(count))])
            await producer.flush()
            last = (await producer.produce(b"%d" % count)).offset
        return {
            "acknowledged": [*acknowledged, count],
            "cancelled": given_up,
            "written": await numbers(found, last + 1, use_rdkafka),
        }

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_cancel_send(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """The numbers of the sends that were not cancelled, and those in the topic; also out of an iterator."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        sent: list[int] = []
        left = iter(range(count, count + count))
        async with found.get_producer(use_rdkafka=use_rdkafka, max_queued_messages=3) as producer:

            async def send(number: int) -> int:
                await producer.send(b"%d" % number)
                return number

            for number, seconds in enumerate(delays(count)):
                done = await cancelled(send(number), seconds / 8)
                if done is not None:
                    sent.append(done)
                await cancelled(producer.send_many(b"%d" % each for each in left), seconds / 8)
            kept = list(left)
            await producer.flush()
            last = (await producer.produce(b"%d" % (2 * count))).offset
        return {
            "sent": sent,
            "kept": kept,
            "written": await numbers(found, last + 1, use_rdkafka),
        }

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_cancel_consume(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """The numbers that came in order, by awaits of which many were cancelled; and how many were."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        got: list[int] = []
        given_up = 0
        async with (
            found.get_producer(use_rdkafka=use_rdkafka) as producer,
            found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer,
        ):
            batches = consumer.batches(7, LONGEST / 2)

            async def send() -> None:
                for number in range(count):
                    await producer.send(b"%d" % number)
                    if number % 10 == 0:
                        await asyncio.sleep(LONGEST / 4)

            sending = asyncio.ensure_future(send())
            seconds = delays(10**9)
            while len(got) < count:
                message = await cancelled(consumer.consume(), next(seconds))
                batch = await cancelled(batches.__anext__(), next(seconds))
                got += [int(each.value) for each in [message, *(batch or [])] if each is not None]
                given_up += (message is None) + (batch is None)
            await sending
        return {"got": got, "cancelled": given_up}

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_cancel_the_rest(address: str, topic: str, use_rdkafka: bool, rounds: int) -> list[int]:
    """Starts, commits, seeks, flushes and stops are cancelled; the numbers that came through what was made after."""

    async def case(client: Any) -> list[int]:
        found = await client.topic(topic)
        for seconds in delays(rounds):
            await cancelled(client.topic(topic), seconds)
            producer = found.get_producer(use_rdkafka=use_rdkafka)
            await cancelled(producer.start(), seconds)
            await producer.start()
            await producer.send(b"0")
            await cancelled(producer.flush(), seconds)
            await producer.produce(b"1")
            await cancelled(producer.stop(), seconds)
            consumer = found.get_simple_consumer(b"cancelled", use_rdkafka=use_rdkafka)
            await cancelled(consumer.start(), seconds)
            await consumer.start()
            await consumer.consume()
            await cancelled(consumer.commit(), seconds)
            await cancelled(consumer.seek(0, 0), seconds)
            await consumer.seek(0, 1)
            assert (await consumer.consume()).offset >= 1
            await cancelled(consumer.stop(), seconds)
            with contextlib.suppress(ConsumerStoppedException):
                await consumer.consume()
            await producer.stop()
            await consumer.stop()
        await until(lambda: not client._members)
        return await numbers(found, 2 * rounds, use_rdkafka)

    return in_a_loop(address, case)  # type: ignore[no-any-return]
