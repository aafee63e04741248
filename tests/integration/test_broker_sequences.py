"""What a real Kafka does with an idempotent producer's first batch: why librdkafka's patch 1 is still needed."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin, protocol

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

PRODUCE, INIT_PRODUCER_ID = 0, 22
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
STARTING = (3, 6, 14, 15, 16)
"""What is answered until a new topic's leader, or the coordinator of producer ids, is ready."""


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum (RFC 3720, B.4), bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def batch(producer: tuple[int, int], sequence: int, value: bytes) -> bytes:
    """One record batch of version 2 with one message (KIP-98)."""
    record = (
        b"\0\0\0\1" + bytes([2 * len(value)]) + value + b"\0"
    )  # attributes, time, offset, no key, value, no headers
    records = bytes([2 * len(record)]) + record
    now = int(time.time() * 1000)
    rest = struct.pack(">hiqqqhii", 0, 0, now, now, *producer, sequence, 1) + records
    body = struct.pack(">ibI", -1, 2, crc32c(rest)) + rest
    return struct.pack(">qi", 0, len(body)) + body


def new_producer(address: str) -> tuple[int, int]:
    """Return an idempotent producer's id and epoch (InitProducerId, version 2)."""
    while True:
        reader = protocol.ask(address, INIT_PRODUCER_ID, 2, b"\0" + struct.pack(">i", 60_000) + protocol.NO_TAGS)
        reader.take(4)  # throttle time
        error, number, epoch = reader.number(2), reader.number(8), reader.number(2)
        if not error:
            return number, epoch
        assert error in STARTING
        time.sleep(0.1)


def produce(address: str, topic: str, content: bytes) -> int:
    """Send a batch to partition 0 with acks=all (Produce, version 9); return the error."""
    partition = struct.pack(">i", 0) + protocol.varint(len(content) + 1) + content + protocol.NO_TAGS
    topics = protocol.array([protocol.text(topic) + protocol.array([partition]) + protocol.NO_TAGS])
    asked = b"\0" + struct.pack(">hi", -1, 30_000) + topics + protocol.NO_TAGS
    while True:
        reader = protocol.ask(address, PRODUCE, 9, asked, seconds=60)
        assert (reader.varint() - 1, reader.text(), reader.varint() - 1, reader.number(4)) == (1, topic, 1, 0)
        if (error := reader.number(2)) not in STARTING:
            return error
        time.sleep(0.1)


def test_a_first_batch_that_does_not_begin_at_0_is_taken_before_kafka_4_5_and_refused_after(broker: Broker) -> None:
    """KAFKA-15591 (apache/kafka#23234): so the batch before it, were it refused, could never be written any more."""
    admin.create_topics(broker.address, {"first": 1})
    producer = new_producer(broker.address)
    mended = [int(part) for part in brokers.DEFAULT.split(".")] >= [4, 5]
    second = produce(broker.address, "first", batch(producer, 1, b"the second"))
    assert second == (OUT_OF_ORDER_SEQUENCE_NUMBER if mended else 0)
    first = produce(broker.address, "first", batch(producer, 0, b"the first"))
    assert first == (0 if mended else OUT_OF_ORDER_SEQUENCE_NUMBER)
