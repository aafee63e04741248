"""The load with pykafka, by its C extension (mode ``rdkafka``) or in pure Python: produce() and stop(); iteration."""

from __future__ import annotations

import contextlib
import itertools
import queue
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient
from pykafka.common import CompressionType, OffsetType

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load
else:
    import load

_SETTLED = 0.5
_SILENCE_MS = 20_000


def _versions() -> dict[str, str]:
    return {"client": version("pykafka")}


def _topic(request: load.Request) -> tuple[Any, Any]:
    """Return the topic, and the client that must outlive it."""
    client = KafkaClient(hosts=request.address, broker_version=request.broker_version)
    return client.topics[request.topic], client


def produce(request: load.Request) -> load.Measured:
    """Produce; stop() returns when everything is acknowledged.

    Without delivery reports (the default), unless they are asked for: then get_delivery_report() is called for all that
    there are every so often, as the usage guide of pykafka does it.
    """
    settings: dict[str, Any] = {
        "required_acks": -1 if request.acks == "all" else int(request.acks),
        "linger_ms": request.linger_ms,
        "max_queued_messages": load.QUEUED_MESSAGES,
        "min_queued_messages": load.BATCH_MESSAGES,  # becomes batch.num.messages in the mode rdkafka
        "max_request_size": load.BATCH_BYTES,
        **({"enable_idempotence": True} if request.idempotent else {}),
        **({"delivery_reports": True} if request.reports else {}),
        **({"sync": True} if request.awaited else {}),
    }
    topic, _client = _topic(request)
    producer = topic.get_producer(
        use_rdkafka=request.mode == "rdkafka", compression=getattr(CompressionType, request.codec.upper()), **settings
    )
    payload, clocks, reports = request.payload, load.Producing(), load.Reports()
    producer.produce(payload)
    time.sleep(_SETTLED)  # pykafka has no flush(): let the first message get through
    if request.reports:
        producer.get_delivery_report(timeout=request.seconds)
    send, p99 = producer.produce, None
    clocks.begin()
    if request.awaited:
        p99 = load.one_by_one(lambda: send(payload), request)
        producer.stop()
    elif request.reports:
        _send_with_reports(producer, request, reports)
    else:
        for _ in range(request.messages):
            send(payload)
        producer.stop()
    measured = clocks.end(request, {**settings, "compression": request.codec}, _versions())
    if request.reports:
        reports.check(request)
    measured.latency_p99 = p99
    return measured


def _send_with_reports(producer: Any, request: load.Request, reports: load.Reports) -> None:
    payload, send, key, headers, every = (
        request.payload,
        producer.produce,
        load.KEY,
        load.HEADERS,
        load.REPORTS_EVERY,
    )
    for number in range(1, request.messages + 1):
        send(payload, key, headers=headers)
        if number % every == 0:
            _take_reports(producer, reports)
    producer.stop()
    _take_reports(producer, reports)


def _take_reports(producer: Any, reports: load.Reports) -> None:
    take, count = producer.get_delivery_report, reports.count
    with contextlib.suppress(queue.Empty):
        while True:
            message, error = take(block=False)
            count(error, message)


def consume(request: load.Request) -> load.Measured:
    """Consume by iteration over a simple consumer."""
    settings = {
        "fetch_message_max_bytes": load.FETCH_BYTES,
        "queued_max_messages": load.QUEUED_MESSAGES,
    }
    topic, _client = _topic(request)
    clocks = load.Consuming()
    clocks.prepare()
    consumer = topic.get_simple_consumer(
        use_rdkafka=request.mode == "rdkafka",
        auto_offset_reset=OffsetType.EARLIEST,
        consumer_timeout_ms=_SILENCE_MS,
        **settings,
    )
    messages = iter(consumer)
    next(messages)
    clocks.first()
    received = sum([len(message.value) for message in itertools.islice(messages, request.messages - 1)])
    return clocks.end(request, received, settings, _versions())


if __name__ == "__main__":
    load.run(produce, consume)
