"""Capture what a real broker sends, for ``tests/integration/pykafka_wire.py``.

    python tests/integration/data/capture_pykafka_wire.py HOST:PORT >tests/integration/data/pykafka_wire.json

librdkafka writes the messages; the fetch requests are made here by hand, so nothing of pykafka is in it.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import uuid

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

TIMESTAMP = 1_700_000_000_000


def exchange(address: str, key: int, version: int, body: bytes) -> bytes:
    """Send a request with header version 1 and return the response behind its correlation id."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        message = struct.pack("!hhih7s", key, version, 0, 7, b"capture") + body
        connection.sendall(struct.pack("!i", len(message)) + message)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack("!i", stream.read(4))
            return stream.read(size)[4:]


def fetch(address: str, topic: str, isolation: int) -> str:
    """Return a Fetch v10 response for all of partition 0 as hexadecimal digits."""
    name = topic.encode()
    body = struct.pack("!iiiibii", -1, 500, 1, 1 << 20, isolation, 0, -1)
    body += struct.pack(f"!ih{len(name)}si", 1, len(name), name, 1)
    body += struct.pack("!iiqqi", 0, -1, 0, -1, 1 << 20) + struct.pack("!i", 0)
    return exchange(address, 1, 10, body).hex()


def write(address: str, topic: str, codec: str) -> None:
    """Write one batch with all that a record can hold."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 200, "compression.type": codec})
    for i in range(3):
        producer.produce(topic, b"value %d" % i * 10, key=b"key", timestamp=TIMESTAMP + i)
    producer.produce(topic, None, key=b"a null value", timestamp=TIMESTAMP - 5)
    producer.produce(topic, b"", key=None, timestamp=TIMESTAMP + 100_000, headers=[("n\u00e4me", b"h"), ("null", None)])
    producer.flush(30)


def write_transactions(address: str, topic: str) -> None:
    """Write a committed transaction, an aborted one and a message outside of any.

    Their time is now, like that of the marks: the broker would begin a new segment for a time years apart, and a
    fetch ends with the segment.
    """
    producer = Producer({"bootstrap.servers": address, "transactional.id": topic})
    producer.init_transactions(30)
    for value, end in ((b"committed", producer.commit_transaction), (b"aborted", producer.abort_transaction)):
        producer.begin_transaction()
        for _ in range(2):
            producer.produce(topic, value)
        producer.flush(30)
        end(30)
    plain = Producer({"bootstrap.servers": address})
    plain.produce(topic, b"outside")
    plain.flush(30)


def main(address: str) -> None:
    """Write, fetch and print."""
    admin = AdminClient({"bootstrap.servers": address})
    captured: dict[str, str] = {}
    names = {
        kind: uuid.uuid4().hex[:8] for kind in ("none", "gzip", "snappy", "lz4", "zstd", "appended", "transactions")
    }
    topics = [
        NewTopic(name, 1, 1, config={"message.timestamp.type": "LogAppendTime"} if kind == "appended" else {})
        for kind, name in names.items()
    ]
    for created in admin.create_topics(topics).values():
        created.result(30)
    for kind, name in names.items():
        if kind == "transactions":
            write_transactions(address, name)
            captured["read_committed"] = fetch(address, name, 1)
        else:
            write(address, name, "none" if kind == "appended" else kind)
        captured[kind] = fetch(address, name, 0)
    captured["api_versions"] = exchange(address, 18, 0, b"").hex()
    for deleted in admin.delete_topics(list(names.values())).values():
        deleted.result(30)
    json.dump(captured, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
