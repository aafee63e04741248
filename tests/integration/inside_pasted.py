"""Runs inside the environment of a client: CLIENT TEXT TOPIC VALUE; the last line is the answer, in JSON.

TEXT is what `broker start` printed for that client. It is executed as a user would paste it; then a value is written to
the topic and read back. The answer is what was read, or the name and text of the error.
"""

from __future__ import annotations

import json
import sys
from typing import Any

SECONDS = 60.0


def librdkafka(pasted: dict[str, Any], topic: str, value: bytes) -> bytes | None:
    from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

    settings = {**pasted["settings"], "log_level": 0}
    producer = Producer(settings)
    reports: list[tuple[Any, Any]] = []
    producer.produce(topic, value, on_delivery=lambda *report: reports.append(report))
    producer.flush(SECONDS)
    error, message = reports[0]
    if error is not None:
        raise KafkaException(error)
    consumer = Consumer({**settings, "group.id": "pasted"})
    consumer.assign([TopicPartition(topic, message.partition(), message.offset())])
    read = consumer.poll(SECONDS)
    consumer.close()
    assert read is not None
    return read.value()


def kafka_python(pasted: dict[str, Any], topic: str, value: bytes) -> bytes:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition

    producer = KafkaProducer(**pasted["settings"])
    sent = producer.send(topic, value).get(timeout=SECONDS)
    producer.close()
    consumer = KafkaConsumer(**pasted["settings"], consumer_timeout_ms=SECONDS * 1000)
    there = TopicPartition(topic, sent.partition)
    consumer.assign([there])
    consumer.seek(there, sent.offset)
    read: bytes = next(iter(consumer)).value
    consumer.close()
    return read


def pykafka(pasted: dict[str, Any], topic: str, value: bytes) -> bytes:
    """Write it in C mode, and read it in the pure one, too: the last message of the topic is the value both times."""
    from pykafka.common import OffsetType

    found = pasted["client"].topics[topic]
    with found.get_producer(use_rdkafka=True, sync=True) as producer:
        producer.produce(value)
    read = set()
    for use_rdkafka in (True, False):
        consumer = found.get_simple_consumer(
            use_rdkafka=use_rdkafka,
            auto_offset_reset=OffsetType.EARLIEST,
            consumer_timeout_ms=int(SECONDS * 1000),
        )
        read.add(next(message.value for message in consumer if message.value == value))
        consumer.stop()
    (answer,) = read
    return bytes(answer)


def main(client: str, text: str, topic: str, value: str) -> None:
    pasted: dict[str, Any] = {}
    exec(text, pasted)  # it is the toolkit's own
    way = {"librdkafka": librdkafka, "kafka-python": kafka_python, "pykafka": pykafka}[client]
    try:
        answer = (way(pasted, topic, value.encode()) or b"").decode()
    except Exception as error:  # noqa: BLE001  (the test looks at it)
        answer = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
