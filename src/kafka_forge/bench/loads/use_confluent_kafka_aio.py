"""The load with confluent_kafka.aio: an awaited produce() for each message, whose futures are kept; consume(1000).

In the mode ``each`` it consumes by poll(), one message after the other.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.aio import AIOConsumer, AIOProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.bench.loads import load, looped
else:
    import load
    import looped

_BATCH = 1000


def _versions() -> dict[str, str]:
    return {"client": version("confluent-kafka"), "librdkafka": str(confluent_kafka.libversion()[0])}


async def _produce(request: load.Request) -> load.Measured:
    if request.reports:
        raise ValueError("every message has a report here; headers are refused where they would be dropped")
    settings: dict[str, Any] = {
        "acks": request.acks,
        "compression.type": request.codec,
        "linger.ms": request.linger_ms,
        "queue.buffering.max.messages": load.QUEUED_MESSAGES,
        "batch.num.messages": load.BATCH_MESSAGES,
        "batch.size": load.BATCH_BYTES,
        "enable.idempotence": request.idempotent,
    }
    producer = AIOProducer({"bootstrap.servers": request.address, **settings})
    topic, payload, clocks, heart = request.topic, request.payload, load.Producing(), looped.Heart(request)
    first = await producer.produce(topic, payload)
    await producer.flush()
    await first
    p99, reports = None, load.Reports()
    heart.begin()
    clocks.begin()
    if request.awaited:

        async def delivered() -> object:
            return await (await producer.produce(topic, payload))

        p99 = await looped.one_by_one(delivered, request)
    else:
        send, sent, count = producer.produce, *_counted(reports, request)
        for _ in range(request.messages):
            (await send(topic, payload)).add_done_callback(count)
        await producer.flush()
        await sent.wait()  # flush() may return while another thread hands over the last reports
    measured = clocks.end(request, settings, _versions())
    if not request.awaited:
        reports.check(request)
    measured.latency_p99 = p99
    return await heart.end(measured)


def _counted(reports: load.Reports, request: load.Request) -> tuple[asyncio.Event, Callable[[Any], None]]:
    """Return what is set once every message was reported, and the callback of their futures."""
    complete, left = asyncio.Event(), request.messages

    def count(done: asyncio.Future[Any]) -> None:
        nonlocal left
        left -= 1
        reports.count(done.exception())
        if not left:
            complete.set()

    return complete, count


async def _consume(request: load.Request) -> load.Measured:
    settings = {
        "enable.auto.commit": False,
        "queued.min.messages": load.QUEUED_MESSAGES,
        "max.partition.fetch.bytes": load.FETCH_BYTES,
        "fetch.queue.backoff.ms": load.QUEUE_BACKOFF_MS,
    }
    clocks, heart = load.Consuming(), looped.Heart(request)
    clocks.prepare()
    consumer = AIOConsumer({"bootstrap.servers": request.address, "group.id": "kafka-forge-bench", **settings})
    await consumer.assign([TopicPartition(request.topic, partition, 0) for partition in range(request.partitions)])
    if not await consumer.consume(1, looped.SILENCE):
        raise TimeoutError(f"no message within {looped.SILENCE:g} s")
    heart.begin()
    clocks.first()
    received, left = 0, request.messages - 1
    while left and request.mode == "each":
        message = await consumer.poll(looped.SILENCE)
        if message is None:
            raise TimeoutError(f"{left} messages did not come within {looped.SILENCE:g} s")
        received += len(message.value())
        left -= 1
    while left:
        batch = await consumer.consume(min(_BATCH, left), looped.SILENCE)
        if not batch:
            raise TimeoutError(f"{left} messages did not come within {looped.SILENCE:g} s")
        received += sum([len(message.value()) for message in batch])
        left -= len(batch)
    measured = clocks.end(request, received, {**settings, "num_messages": _BATCH}, _versions())
    return await heart.end(measured)


def produce(request: load.Request) -> load.Measured:
    """Produce by ``await produce()``, whose futures' results are counted; flush() waits for all of them."""
    return asyncio.run(_produce(request))


def consume(request: load.Request) -> load.Measured:
    """Consume by ``await consume(1000)``, or by ``await poll()``."""
    return asyncio.run(_consume(request))


if __name__ == "__main__":
    load.run(produce, consume, has_loop=True)
