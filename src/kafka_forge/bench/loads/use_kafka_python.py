"""The load with kafka-python ("python-kafka" in the 2016 comparison): send() and flush(); iteration."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load
else:
    import load

_SILENCE_MS = 20_000


def _versions() -> dict[str, str]:
    return {"client": kafka.__version__}


def produce(request: load.Request) -> load.Measured:
    """Produce by send(), with callbacks of its future where reports are asked for; flush() waits for all of them."""
    settings: dict[str, Any] = {
        "acks": request.acks if request.acks == "all" else int(request.acks),
        "enable_idempotence": request.idempotent,
        "compression_type": None if request.codec == "none" else request.codec,
        "linger_ms": request.linger_ms,
        "batch_size": load.BATCH_BYTES,
    }
    producer = KafkaProducer(bootstrap_servers=request.address, **settings)
    topic, payload, clocks = request.topic, request.payload, load.Producing()
    producer.send(topic, payload).get(timeout=request.seconds)
    send, reports = producer.send, load.Reports()
    clocks.begin()
    p99 = None
    if request.awaited:
        p99 = load.one_by_one(lambda: send(topic, payload).get(timeout=request.seconds), request)
    elif request.reports:
        key, headers, failed = load.KEY, load.HEADERS, reports.count
        for _ in range(request.messages):
            send(topic, payload, key, headers).add_callback(reports.count, None).add_errback(failed)
    else:
        for _ in range(request.messages):
            send(topic, payload)
    producer.flush(timeout=request.seconds)
    measured = clocks.end(request, settings, _versions())
    if request.reports:
        reports.check(request)
    measured.latency_p99 = p99
    return measured


def consume(request: load.Request) -> load.Measured:
    """Consume by iteration over the consumer."""
    settings = {"max_partition_fetch_bytes": load.FETCH_BYTES}
    clocks = load.Consuming()
    clocks.prepare()
    consumer = KafkaConsumer(
        bootstrap_servers=request.address, enable_auto_commit=False, consumer_timeout_ms=_SILENCE_MS, **settings
    )
    partitions = [TopicPartition(request.topic, partition) for partition in range(request.partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    messages = iter(consumer)
    next(messages)
    clocks.first()
    received = sum([len(message.value) for message in itertools.islice(messages, request.messages - 1)])
    return clocks.end(request, received, settings, _versions())


if __name__ == "__main__":
    load.run(produce, consume)
