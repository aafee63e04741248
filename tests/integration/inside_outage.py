"""A case inside the environment of pykafka: ADDRESS TOPIC COUNT; a C consumer that commits by itself, and an outage.

Standard library and pykafka only: test_pykafka_patience.py runs it. It prints "ready" when it has read the first COUNT
messages; standard input gives a line when the broker was away and is back, with as many messages more. The answer, in
JSON: what was read after that, and what is committed at last.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from pykafka import KafkaClient

SECONDS = 90


def read(consumer: Any, count: int) -> list[int]:
    """Messages as they come; None, which means that there is none yet, is waited out."""
    values: list[int] = []
    deadline = time.monotonic() + SECONDS
    while len(values) < count and time.monotonic() < deadline:
        message = consumer.consume()
        if message is not None:
            values.append(int(message.value))
    return sorted(values)


def main(address: str, topic: str, count: int) -> dict[str, Any]:
    """Read, outlive the outage, read on, and wait until all is committed."""
    client = KafkaClient(address)
    found = client.topics[topic.encode()]
    settings = {"auto_commit_enable": True, "auto_commit_interval_ms": 100, "consumer_timeout_ms": 500}
    consumer = found.get_simple_consumer(b"outage", use_rdkafka=True, **settings)
    read(consumer, count)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    after = read(consumer, count)
    watcher = found.get_simple_consumer(b"outage", auto_start=False, reset_offset_on_fetch=False)
    deadline = time.monotonic() + SECONDS
    committed = -1
    while committed < 2 * count and time.monotonic() < deadline:
        committed = sum(each.offset for _, each in watcher.fetch_offsets())
        time.sleep(0.1)
    consumer.stop()
    return {"after": after, "committed": committed}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))) + "\n")
