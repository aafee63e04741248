"""The load with pykafka.aio: message by message (``each``), or many at once (``many``), by the extension or pure.

A mode is one of both and one of ``rdkafka`` and ``pure``, as in ``rdkafka-each``.
"""

from __future__ import annotations

import asyncio
import itertools
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pykafka.aio import AsyncKafkaClient
from pykafka.common import CompressionType, OffsetType

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load, looped
else:
    import load
    import looped

_BATCH = 1000
_BATCH_SECONDS = 0.1


def _versions() -> dict[str, str]:
    return {"client": version("pykafka")}


def _client(request: load.Request) -> Any:
    return AsyncKafkaClient(request.address, broker_version=request.broker_version)


def _ways(request: load.Request) -> tuple[bool, bool]:
    """Return whether librdkafka is to do the work, and whether messages go many at once."""
    library, _, way = request.mode.partition("-")
    return library == "rdkafka", way == "many"


async def _produce(request: load.Request) -> load.Measured:
    if request.reports:
        raise ValueError("what becomes of a message is told to who awaits it: see the workload awaited")
    use_rdkafka, many = _ways(request)
    settings: dict[str, Any] = {
        "required_acks": -1 if request.acks == "all" else int(request.acks),
        "linger_ms": request.linger_ms,
        "max_queued_messages": load.QUEUED_MESSAGES,
        "min_queued_messages": load.BATCH_MESSAGES,  # becomes batch.num.messages with rdkafka
        "max_request_size": load.BATCH_BYTES,
        **({"enable_idempotence": True} if request.idempotent else {}),
    }
    async with _client(request) as client:
        topic = await client.topic(request.topic)
        compression = getattr(CompressionType, request.codec.upper())
        producer = topic.get_producer(use_rdkafka=use_rdkafka, compression=compression, **settings)
        await producer.start()
        payload, clocks, heart, p99 = request.payload, load.Producing(), looped.Heart(request), None
        await producer.produce(payload)
        heart.begin()
        clocks.begin()
        if request.awaited:
            p99 = await looped.one_by_one(lambda: producer.produce(payload), request)
        elif many:
            await producer.send_many(itertools.repeat(payload, request.messages))
        else:
            send = producer.send
            for _ in range(request.messages):
                await send(payload)
        await producer.stop()
        measured = clocks.end(request, {**settings, "compression": request.codec}, _versions())
        measured.latency_p99 = p99
        return await heart.end(measured)


async def _consume(request: load.Request) -> load.Measured:
    use_rdkafka, many = _ways(request)
    settings = {"fetch_message_max_bytes": load.FETCH_BYTES, "queued_max_messages": load.QUEUED_MESSAGES}
    async with _client(request) as client:
        topic = await client.topic(request.topic)
        clocks, heart = load.Consuming(), looped.Heart(request)
        clocks.prepare()
        consumer = topic.get_simple_consumer(use_rdkafka=use_rdkafka, auto_offset_reset=OffsetType.EARLIEST, **settings)
        await consumer.start()
        await asyncio.wait_for(consumer.consume(), looped.SILENCE)
        heart.begin()
        clocks.first()
        received, left = 0, request.messages - 1
        if many:
            async for batch in consumer.batches(min(_BATCH, left), _BATCH_SECONDS):
                wanted = batch[:left]  # the topic may hold more than was asked for
                received += sum([len(message.value) for message in wanted])
                left -= len(wanted)
                if not left:
                    break
        else:
            async for message in consumer:
                received += len(message.value)
                left -= 1
                if not left:
                    break
        measured = clocks.end(request, received, settings, _versions())
        return await heart.end(measured)


def produce(request: load.Request) -> load.Measured:
    """Produce by ``await send()`` for each message, or by one ``await send_many()``; stop() waits for all of them."""
    return asyncio.run(_produce(request))


def consume(request: load.Request) -> load.Measured:
    """Consume by ``async for`` over the consumer, or over its batches of 1000."""
    return asyncio.run(_consume(request))


if __name__ == "__main__":
    load.run(produce, consume, has_loop=True)
