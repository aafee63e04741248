"""Runs inside the environment of python-confluent-kafka: CASE ADDRESS TOPIC; the last line is the answer, in JSON.

Each case uses `confluent_kafka.aio` in a way that is right and harmless. Standard library and confluent-kafka only.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import sys
import threading
import time
from typing import Any

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.aio import AIOConsumer, AIOProducer

SECONDS = 50.0
"""Longer than anything takes that works, on a busy machine; shorter than any timeout that is tried here."""


def reading(address: str, group: str = "unused") -> dict[str, Any]:
    return {"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest"}


async def outcome(waiting: Any) -> str:
    """Wait for an acknowledgement; return the message's value, or the name of what was raised."""
    try:
        return str((await asyncio.wait_for(waiting, SECONDS)).value().decode())
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return type(error).__name__


async def read_all(address: str, topic: str, wanted: int) -> list[Any]:
    consumer = AIOConsumer(reading(address))
    await consumer.assign([TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)])
    messages: list[Any] = []
    end = time.monotonic() + SECONDS
    while len(messages) < wanted and time.monotonic() < end:
        messages += await consumer.consume(wanted, 0.5)
    messages += await consumer.consume(1, 0.5)  # what should not be there
    await consumer.close()
    return messages


async def long_poll(address: str, topic: str) -> Any:
    producer = Producer({"bootstrap.servers": address})
    producer.produce(topic, b"v", on_delivery=lambda *_: None)
    begun = time.monotonic()
    served = producer.poll(2 * SECONDS)
    return [served > 0, time.monotonic() - begun < SECONDS]


async def woken(address: str, topic: str) -> Any:
    """Count what is scheduled on the loop by other threads without waking it: only call_soon_threadsafe() does."""
    loop: Any = asyncio.get_running_loop()
    own, call_soon, foreign = threading.get_ident(), loop.call_soon, []

    def counted(*arguments: Any, **more: Any) -> Any:
        if threading.get_ident() != own:
            foreign.append(arguments)
        return call_soon(*arguments, **more)

    loop.call_soon = counted
    producer = AIOProducer({"bootstrap.servers": address})
    told = asyncio.ensure_future(outcome(await producer.produce(topic, b"v", partition=0)))
    await asyncio.sleep(0.1)  # it awaits by now
    await producer.flush()
    answer = await told
    await producer.close()
    return [answer, len(foreign)]


async def headers(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address})
    sent = [("a", b"1"), ("a", b""), ("größe", b"\x00")]
    told = await outcome(await producer.produce(topic, b"v", partition=0, timestamp=1_700_000_000_000, headers=sent))
    await producer.close()
    (message,) = await read_all(address, topic, 1)
    return [told, [[name, value.hex()] for name, value in message.headers()], message.timestamp()[1]]


async def alone(address: str, topic: str) -> Any:
    """One message has a value that no message can have; those around it are sent, and once."""
    producer = AIOProducer({"bootstrap.servers": address}, buffer_timeout=0)
    sent = [
        await producer.produce(topic, value, partition=n % 2) for n, value in enumerate([b"0", b"1", 2, b"3", b"4"])
    ]
    with contextlib.suppress(Exception):  # who flushes need not be who sent it
        await producer.flush()
    told = [await outcome(each) for each in sent]
    again = await outcome(asyncio.ensure_future(_later(producer, topic)))
    await producer.close()
    read = sorted(each.value().decode() for each in await read_all(address, topic, 5))
    return [told, again, read]


async def _later(producer: AIOProducer, topic: str) -> Any:
    waiting = await producer.produce(topic, b"5", partition=0)
    await producer.flush()
    return await waiting


async def full(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address, "queue.buffering.max.messages": 10})
    sent = [await producer.produce(topic, b"v", partition=0) for _ in range(1000)]
    told = {await outcome(each) for each in sent}
    await producer.close()
    return [sorted(told), len(await read_all(address, topic, 1000))]


class Holding(concurrent.futures.ThreadPoolExecutor):
    """Holds up the loop, once it is told to, from the next call on until all has been delivered and told."""

    producer: AIOProducer | None = None

    def submit(self, *arguments: Any, **more: Any) -> Any:
        given = super().submit(*arguments, **more)
        producer, self.producer = self.producer, None
        deadline = time.monotonic() + SECONDS
        while producer is not None and len(producer) and time.monotonic() < deadline:
            time.sleep(0.01)
        return given


async def told_by_flush(address: str, topic: str) -> Any:
    """How many futures are not done when flush() returns, where all reports came while the loop was busy."""
    executor = Holding(4)
    producer = AIOProducer({"bootstrap.servers": address, "linger.ms": 1000}, executor=executor)
    sent = [await producer.produce(topic, b"v", partition=0) for _ in range(5000)]
    executor.producer = producer
    await producer.flush()
    undone = sum(not each.done() for each in sent)
    await producer.close()
    executor.shutdown()
    return [undone, len({await outcome(each) for each in sent})]


async def awaited(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address}, buffer_timeout=2 * SECONDS)
    told = await outcome(await producer.produce(topic, b"v", partition=0))
    await producer.close()
    return told


async def without_timer(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address}, batch_size=1, buffer_timeout=0)
    told = await outcome(await producer.produce(topic, b"v", partition=0))
    await producer.close()
    return told


async def left_behind(address: str, topic: str) -> Any:
    """The produce() that fills the buffer is cancelled while what others have sent waits for a thread."""
    busy = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        producer = AIOProducer({"bootstrap.servers": address}, executor=executor, batch_size=5, buffer_timeout=0)
        executor.submit(busy.wait, SECONDS)
        sent = [await producer.produce(topic, b"%d" % n, partition=n % 2) for n in range(4)]
        last = asyncio.ensure_future(producer.produce(topic, b"4", partition=0))
        await asyncio.sleep(0)
        last.cancel()
        await asyncio.wait([last])
        busy.set()
        await producer.flush()
        told = await asyncio.gather(*(outcome(each) for each in sent))
        await producer.close()
    return told


async def ordered(address: str, topic: str) -> Any:
    """Several tasks fill the buffer; each one's messages stay in their order."""
    producer = AIOProducer({"bootstrap.servers": address}, batch_size=7)

    async def send(name: str) -> None:
        waiting = [await producer.produce(topic, f"{name}{n:03}".encode(), partition=0) for n in range(200)]
        await asyncio.gather(*waiting)

    await asyncio.gather(*(send(name) for name in "abc"))
    await producer.close()
    read = [each.value().decode() for each in await read_all(address, topic, 600)]
    return all([each for each in read if each[0] == name] == [f"{name}{n:03}" for n in range(200)] for name in "abc")


async def cancelled(address: str, topic: str) -> Any:
    """Reads that end in a time-out before a message comes leave it to the next one."""
    consumer = AIOConsumer(reading(address))
    await consumer.assign([TopicPartition(topic, 0, 0)])
    producer = AIOProducer({"bootstrap.servers": address})
    read: list[str] = []
    for number in range(20):
        try:
            message = await asyncio.wait_for(consumer.poll(1.0), 0.02)
        except asyncio.TimeoutError:
            message = None
        read += [message.value().decode()] if message is not None else []
        await producer.produce(topic, b"%d" % number, partition=0)
        await producer.flush()
    end = time.monotonic() + SECONDS
    while len(read) < 20 and time.monotonic() < end:
        read += [each.value().decode() for each in await consumer.consume(20, 0.2)]
    await producer.close()
    await asyncio.sleep(1.2)  # until no thread of a cancelled poll can wait any more
    await consumer.close()
    return read == [str(number) for number in range(20)]


async def usable(address: str, topic: str) -> Any:
    """After more cancelled reads than there are threads, another call has its turn before their time is up."""
    consumer = AIOConsumer(reading(address))
    await consumer.assign([TopicPartition(topic, 0, 0)])
    waiting = [asyncio.ensure_future(consumer.poll(SECONDS / 2)) for _ in range(3)]
    await asyncio.sleep(0.1)
    for each in waiting:
        each.cancel()
    begun = time.monotonic()
    assigned = len(await consumer.assignment())
    soon = time.monotonic() - begun < SECONDS / 4
    if soon:
        await consumer.close()
    return [assigned, soon]


async def positional(address: str, topic: str) -> Any:
    seen: list[Any] = []

    async def assigned(consumer: Any, partitions: list[Any]) -> None:
        await asyncio.sleep(0)
        seen.append([isinstance(consumer, AIOConsumer), sorted(each.partition for each in partitions)])

    consumer = AIOConsumer(reading(address, topic))
    await consumer.subscribe([topic], assigned)
    end = time.monotonic() + SECONDS
    while not seen and not await consumer.assignment() and time.monotonic() < end:
        await consumer.poll(0.1)
    await consumer.close()
    return seen


async def shared(address: str, _topic: str) -> Any:
    """Two consumers of one configuration: the callbacks of both are called, and the dict is as it was."""
    seen: list[str] = []

    async def count(_text: str) -> None:
        seen.append("called")

    settings = reading(address) | {"statistics.interval.ms": 20, "stats_cb": count}
    before = dict(settings)
    told: list[Any] = []
    for make in (AIOConsumer, AIOConsumer):
        consumer = make(settings)
        seen.clear()
        end = time.monotonic() + SECONDS
        try:
            while not seen and time.monotonic() < end:
                await consumer.poll(0.1)
            told.append(bool(seen))
        except Exception as error:  # noqa: BLE001
            told.append(type(error).__name__)
        await consumer.close()
    return [told, settings == before]


async def closed_producer(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address})
    told = [await outcome(await producer.produce(topic, b"v", partition=0))]
    await producer.close()
    await producer.close()
    later = await asyncio.gather(
        producer.produce(topic, b"v"), producer.flush(), producer.poll(0), return_exceptions=True
    )
    return told + [str(each) for each in later]


async def owned(address: str, topic: str) -> Any:
    """An executor that a client was given is not ended by it."""
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        producer = AIOProducer({"bootstrap.servers": address}, executor=executor)
        told = await outcome(await producer.produce(topic, b"v", partition=0))
        await producer.close()
        consumer = AIOConsumer(reading(address), executor=executor)
        await consumer.close()
        try:
            return [told, executor.submit(int, "7").result()]
        except RuntimeError as error:
            return [told, str(error)]


async def unknown(address: str, topic: str) -> Any:
    producer = AIOProducer({"bootstrap.servers": address})

    async def produce(**wrong: Any) -> Any:
        return await producer.produce(topic, b"v", **wrong)

    told = await asyncio.gather(produce(time=1), produce(on_delivery=print), return_exceptions=True)
    await producer.close()
    return [type(each).__name__ for each in told]


if __name__ == "__main__":
    case, address, topic = sys.argv[1:]
    try:
        answer = asyncio.run(globals()[case](address, topic))
    except (KafkaException, RuntimeError, TypeError, NotImplementedError) as error:
        answer = repr(error)
    sys.stdout.write(json.dumps(answer) + "\n")
