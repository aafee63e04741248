"""Cases of pykafka.aio that end: with calls under way, in another loop, without a broker, with nothing left."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykafka.aio import AsyncKafkaClient
from pykafka.exceptions import KafkaException

from .asynchronous import SECONDS, in_a_loop, numbers, until

if TYPE_CHECKING:
    from collections.abc import Awaitable

ROOM_MS = 300


async def raised(awaitable: Awaitable[Any]) -> str:
    """The name of what an awaitable raises, and None's if it raises nothing."""
    try:
        await awaitable
    except (KafkaException, TypeError, ValueError) as error:
        return type(error).__name__
    return "None"


def aio_close_in_flight(address: str, topic: str, silent: str, use_rdkafka: bool) -> dict[str, Any]:
    """How calls end whose client is stopped, where Produce requests are not answered; and a wait for room that is long.

    Args:
        silent: the address at which no Produce request is answered.
    """

    async def case(client: Any) -> dict[str, Any]:
        mute = AsyncKafkaClient(silent)
        await mute.start()
        found = await mute.topic(topic)
        options = {"use_rdkafka": use_rdkafka, "pending_timeout_ms": 200}
        producer = found.get_producer(max_queued_messages=3, room_timeout_ms=ROOM_MS, **options)
        patient = found.get_producer(max_queued_messages=1, **options)
        await producer.start()
        await patient.start()
        produced = [asyncio.ensure_future(raised(producer.produce(b"0"))) for _ in range(3)]
        await until(lambda: producer._sender.pending() >= 3)
        full = [await raised(producer.send(b"1")), await raised(producer.produce(b"2"))]
        await patient.send(b"3")
        waiting = [
            asyncio.ensure_future(raised(call))
            for call in (patient.send(b"4"), patient.produce(b"5"), patient.send_many([b"6"]), patient.flush())
        ]
        consumer = (await client.topic(topic)).get_simple_consumer(use_rdkafka=use_rdkafka, auto_offset_reset=-1)
        await consumer.start()
        consuming = [
            asyncio.ensure_future(raised(call)) for call in (consumer.consume(), consumer.batches(9, 1).__anext__())
        ]
        await asyncio.sleep(0.1)
        stopped = [await raised(mute.stop()), await raised(client.stop())]
        return {
            "full": full,
            "produced": await asyncio.gather(*produced),
            "waiting": await asyncio.gather(*waiting),
            "consuming": await asyncio.gather(*consuming),
            "stopped": stopped,
            "after": [
                await raised(call)
                for call in (
                    producer.produce(b""),
                    producer.send(b""),
                    producer.send_many([b""]),
                    producer.flush(),
                    producer.start(),
                    consumer.consume(),
                    consumer.batches(1, 1).__anext__(),
                    consumer.commit(),
                    consumer.seek(0, 0),
                    client.topic(topic),
                    client.start(),
                )
            ],
        }

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_another_loop(address: str, topic: str, use_rdkafka: bool) -> dict[str, list[str]]:
    """What is raised in another loop, while the first one is open and after it is closed, and before any start."""
    seen: dict[str, list[str]] = {}
    loop = asyncio.new_event_loop()
    client = AsyncKafkaClient(address)

    async def make() -> tuple[Any, Any, Any]:
        await client.start()
        found = await client.topic(topic)
        producer = found.get_producer(use_rdkafka=use_rdkafka)
        consumer = found.get_simple_consumer(use_rdkafka=use_rdkafka)
        seen["early"] = [await raised(producer.produce(b"")), await raised(consumer.consume())]
        await producer.start()
        await consumer.start()
        await producer.produce(b"0")
        return found, producer, consumer

    found, producer, consumer = loop.run_until_complete(make())

    async def use() -> list[str]:
        calls = (
            producer.produce(b""),
            producer.send(b""),
            producer.send_many([b""]),
            producer.flush(),
            producer.stop(),
            consumer.consume(),
            consumer.batches(1, 1).__anext__(),
            consumer.commit(),
            consumer.seek(0, 0),
            consumer.stop(),
            client.topic(topic),
            client.stop(),
            found.latest_available_offsets(),
        )
        return [await raised(call) for call in calls]

    seen["another"] = asyncio.run(use())
    seen["usable"] = [str(loop.run_until_complete(consumer.consume()).offset)]
    loop.close()
    seen["closed"] = asyncio.run(use())
    return seen


def refusal(topic: Any, argument: str) -> str:
    """What a producer says that is made with an argument."""
    try:
        topic.get_producer(**{argument: True})
    except TypeError as error:
        return str(error)
    return ""


def aio_refused(address: str, topic: str, use_rdkafka: bool) -> dict[str, Any]:
    """What is raised where a topic has no name that can be, and of arguments and messages that are refused."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        names = {"topic": await raised(client.topic("no topic"))}
        for argument in ("sync", "delivery_reports", "block_on_queue_full", "auto_start"):
            names[argument] = refusal(found, argument)
        async with found.get_producer(use_rdkafka=use_rdkafka) as producer:
            names["text"] = await raised(producer.produce("text"))
            names["produced"] = await raised(producer.produce(bytes(5000)))
            await producer.send(bytes(5000))
            names["sent"] = await raised(producer.flush())
            names["told once"] = await raised(producer.flush())
            await producer.produce(b"0")
        async with found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer:
            names["partition"] = await raised(consumer.seek(17, 0))
        wrong = found.get_simple_consumer(use_rdkafka=use_rdkafka, fetch_min_bytes=-1)
        names["argument"] = await raised(wrong.start())
        return {**names, "numbers": await numbers(found, 1, use_rdkafka)}

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_away_and_back(address: str, topic: str, use_rdkafka: bool, count: int) -> dict[str, Any]:
    """The offsets of what was produced, one by one, and the numbers that came, whatever became of connections."""

    async def case(client: Any) -> dict[str, Any]:
        found = await client.topic(topic)
        got: list[int] = []
        async with (
            found.get_producer(use_rdkafka=use_rdkafka, required_acks=-1) as producer,
            found.get_simple_consumer(use_rdkafka=use_rdkafka) as consumer,
        ):

            async def consume() -> None:
                while len(got) < count:
                    got.append(int((await consumer.consume()).value))

            consuming = asyncio.ensure_future(consume())
            offsets = [(await producer.produce(b"%d" % number)).offset for number in range(count)]
            await consuming
        return {"offsets": offsets, "got": got}

    return in_a_loop(address, case)  # type: ignore[no-any-return]


def aio_leave_nothing(address: str, topic: str, use_rdkafka: bool, rounds: int) -> dict[str, list[int]]:
    """How many threads, descriptors and tasks there are after each round of a client with all that it has."""
    counts: dict[str, list[int]] = {"threads": [], "descriptors": [], "tasks": []}

    async def use() -> None:
        async with AsyncKafkaClient(address) as client:
            found = await client.topic(topic)
            async with (
                found.get_producer(use_rdkafka=use_rdkafka) as producer,
                found.get_simple_consumer(b"leaving", use_rdkafka=use_rdkafka) as consumer,
                found.get_balanced_consumer(b"balanced", managed=True, use_rdkafka=use_rdkafka),
            ):
                await producer.produce(b"0")
                await consumer.consume()
                await consumer.seek(0, 0)
                await consumer.consume()
            forgotten = found.get_producer(use_rdkafka=use_rdkafka)
            await forgotten.start()
            del forgotten

    async def main() -> None:
        for _ in range(rounds):
            await asyncio.wait_for(use(), SECONDS)
            gc.collect()
            await asyncio.to_thread(threads_end)
            counts["tasks"].append(len(asyncio.all_tasks()))
            counts["threads"].append(sum(not each.name.startswith("asyncio") for each in threading.enumerate()))
            counts["descriptors"].append(sum(1 for _ in Path("/proc/self/fd").iterdir()))

    asyncio.run(main())
    return counts


def threads_end() -> None:
    """Wait for pykafka's threads that are about to end; they are daemons, and asyncio's are none."""
    for thread in threading.enumerate():
        if thread.daemon:
            thread.join(10)


def aio_forget_to_stop(address: str, topic: str, use_rdkafka: bool) -> int:
    """A loop ends with everything running; the process ends all the same, and what was sent is delivered."""

    async def main() -> int:
        client = AsyncKafkaClient(address)
        await client.start()
        found = await client.topic(topic)
        producer = found.get_producer(use_rdkafka=use_rdkafka)
        await producer.start()
        consumer = found.get_simple_consumer(use_rdkafka=use_rdkafka)
        await consumer.start()
        asyncio.ensure_future(consumer.consume())  # noqa: RUF006 - it is to be forgotten
        await producer.produce(b"0")
        await producer.send(b"1")
        LEFT.extend([client, producer, consumer])
        return len(found.partitions)

    return asyncio.run(main())


LEFT: list[Any] = []
