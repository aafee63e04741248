"""The load with confluent-kafka: produce() and flush(); consume() in batches."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load
else:
    import load

_BATCH = 1000
_SILENCE = 20.0


def _versions() -> dict[str, str]:
    return {"client": version("confluent-kafka"), "librdkafka": str(confluent_kafka.libversion()[0])}


def produce(request: load.Request) -> load.Measured:
    """Produce; where reports are asked for, with a callback for each message, which poll(0) serves every so often.

    Without, there are no callbacks, as pykafka has no reports then; the broker's end offsets are counted later.
    """
    settings: dict[str, Any] = {
        "acks": request.acks,
        "compression.type": request.codec,
        "linger.ms": request.linger_ms,
        "queue.buffering.max.messages": load.QUEUED_MESSAGES,
        "batch.num.messages": load.BATCH_MESSAGES,
        "batch.size": load.BATCH_BYTES,
        "enable.idempotence": request.idempotent,
    }
    producer = Producer({"bootstrap.servers": request.address, **settings})
    topic, payload, clocks = request.topic, request.payload, load.Producing()
    producer.produce(topic, payload)
    producer.flush(request.seconds)
    reports, p99 = load.Reports(), None
    clocks.begin()
    if request.awaited:
        p99 = load.one_by_one(lambda: _send_and_wait(producer, request, reports), request)
        reports.check(request)
    elif request.reports:
        _send_with_reports(producer, request, reports)
    else:
        _send(producer, request)
    unsent = producer.flush(request.seconds)
    measured = clocks.end(request, settings, _versions())
    if unsent:
        raise TimeoutError(f"{unsent} messages were not acknowledged")
    if request.reports:
        reports.check(request)
    measured.latency_p99 = p99
    return measured


def _send(producer: Producer, request: load.Request) -> None:
    topic, payload, send, left = request.topic, request.payload, producer.produce, request.messages
    while left:
        try:
            while left:
                send(topic, payload)
                left -= 1
        except BufferError:  # noqa: PERF203  (the queue is full: let reports make room)
            producer.poll(0.1)


def _send_and_wait(producer: Producer, request: load.Request, reports: load.Reports) -> None:
    producer.produce(request.topic, request.payload, on_delivery=reports.count)
    producer.flush(request.seconds)


def _send_with_reports(producer: Producer, request: load.Request, reports: load.Reports) -> None:
    topic, payload, send, left = request.topic, request.payload, producer.produce, request.messages
    key, headers, every, count = load.KEY, load.HEADERS, load.REPORTS_EVERY, reports.count
    while left:
        try:
            while left:
                send(topic, payload, key, headers=headers, on_delivery=count)
                left -= 1
                if left % every == 0:
                    producer.poll(0)
        except BufferError:  # noqa: PERF203  (the queue is full: let reports make room)
            producer.poll(0.1)


def consume(request: load.Request) -> load.Measured:
    """Consume by consume(1000), which is the quickest way that this client has."""
    settings = {
        "enable.auto.commit": False,
        "queued.min.messages": load.QUEUED_MESSAGES,
        "max.partition.fetch.bytes": load.FETCH_BYTES,
        "fetch.queue.backoff.ms": load.QUEUE_BACKOFF_MS,
    }
    clocks = load.Consuming()
    clocks.prepare()
    consumer = Consumer({"bootstrap.servers": request.address, "group.id": "kafka-forge-bench", **settings})
    consumer.assign([TopicPartition(request.topic, partition, 0) for partition in range(request.partitions)])
    if not consumer.consume(1, _SILENCE):
        raise TimeoutError(f"no message within {_SILENCE:g} s")
    clocks.first()
    received, left = 0, request.messages - 1
    while left:
        batch = consumer.consume(min(_BATCH, left), _SILENCE)
        if not batch:
            raise TimeoutError(f"{left} messages did not come within {_SILENCE:g} s")
        received += sum([len(message.value()) for message in batch])  # type: ignore[arg-type,misc]
        left -= len(batch)
    return clocks.end(request, received, {**settings, "num_messages": _BATCH}, _versions())


if __name__ == "__main__":
    load.run(produce, consume)
