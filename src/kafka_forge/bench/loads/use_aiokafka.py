"""The load with aiokafka: send() and flush(); getmany()."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load, looped
else:
    import load
    import looped

_BATCH = 1000


def _versions() -> dict[str, str]:
    return {"client": aiokafka.__version__}


async def _produce(request: load.Request) -> load.Measured:
    settings: dict[str, Any] = {
        "acks": request.acks if request.acks == "all" else int(request.acks),
        "compression_type": None if request.codec == "none" else request.codec,
        "linger_ms": request.linger_ms,
        "max_batch_size": load.BATCH_BYTES,
        "enable_idempotence": request.idempotent,
    }
    producer = AIOKafkaProducer(bootstrap_servers=request.address, **settings)
    await producer.start()
    topic, payload, clocks = request.topic, request.payload, load.Producing()
    await producer.send_and_wait(topic, payload)
    send, reports, heart, p99 = producer.send, load.Reports(), looped.Heart(request), None
    heart.begin()
    clocks.begin()
    if request.awaited:
        p99 = await looped.one_by_one(lambda: producer.send_and_wait(topic, payload), request)
    elif request.reports:
        key, headers = load.KEY, load.HEADERS
        for _ in range(request.messages):
            sent = await send(topic, payload, key, headers=headers)
            sent.add_done_callback(lambda done: reports.count(done.exception()))
    else:
        for _ in range(request.messages):
            await send(topic, payload)
    await producer.flush()
    await asyncio.sleep(0)  # the callbacks of the last messages have their turn
    measured = clocks.end(request, settings, _versions())
    if request.reports:
        reports.check(request)
    measured.latency_p99 = p99
    return await heart.end(measured)


async def _consume(request: load.Request) -> load.Measured:
    settings = {"max_partition_fetch_bytes": load.FETCH_BYTES}
    clocks, heart = load.Consuming(), looped.Heart(request)
    clocks.prepare()
    consumer = AIOKafkaConsumer(bootstrap_servers=request.address, enable_auto_commit=False, **settings)
    await consumer.start()
    partitions = [TopicPartition(request.topic, partition) for partition in range(request.partitions)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    await asyncio.wait_for(consumer.getone(), looped.SILENCE)
    heart.begin()
    clocks.first()
    received, left = 0, request.messages - 1
    while left:
        found = await consumer.getmany(timeout_ms=int(looped.SILENCE * 1000), max_records=min(_BATCH, left))
        if not found:
            raise TimeoutError(f"{left} messages did not come within {looped.SILENCE:g} s")
        for batch in found.values():
            received += sum([len(message.value) for message in batch])
            left -= len(batch)
    measured = clocks.end(request, received, {**settings, "max_records": _BATCH}, _versions())
    return await heart.end(measured)


def produce(request: load.Request) -> load.Measured:
    """Produce by send(), with callbacks of its future where reports are asked for; flush() waits for all of them."""
    return asyncio.run(_produce(request))


def consume(request: load.Request) -> load.Measured:
    """Consume by getmany(max_records=1000)."""
    return asyncio.run(_consume(request))


if __name__ == "__main__":
    load.run(produce, consume, has_loop=True)
