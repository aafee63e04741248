"""``python -m inside_pykafka.edges ADDRESS TOPIC``: makes what is asked for, and says what became of it.

Each line of standard input is a question (`Question`, pickled, in hexadecimal), each line of standard output its
answer in JSON: `outcome` is what was produced or consumed, or the exception; `left` names the threads, and
the descriptors beyond those of a client, that were still there ten seconds after the end.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import pickle
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 60.0
COUNT = 3
"""The messages in the topic, and those that are produced."""


def produce_with(topic: Any, mode: bool, arguments: dict[str, Any]) -> list[str]:
    """Produce to the topic; the answer names what is not None of the last message's partition and value."""
    producer = topic.get_producer(use_rdkafka=mode, **{"linger_ms": 1, **arguments})
    for number in range(COUNT):
        message = producer.produce(b"%d" % number, partition_key=b"key")
    producer.stop()
    return [str(message.partition_id), message.value.decode()]


def consume_with(topic: Any, mode: bool, arguments: dict[str, Any]) -> list[str]:
    """Consume what is in the topic from the beginning on."""
    consumer = topic.get_simple_consumer(use_rdkafka=mode, **{"consumer_timeout_ms": 10_000, **arguments})
    deadline = time.monotonic() + SECONDS
    values: list[str] = []
    while len(values) < COUNT and time.monotonic() < deadline:
        message = consumer.consume()
        values += [message.value.decode()] if message is not None else []
    consumer.stop()
    return values


def hold_with(topic: Any, mode: bool, arguments: dict[str, Any]) -> list[str]:
    """Make a member of a group that the broker manages, and see which partitions it has."""
    settings = {"auto_start": False, "consumer_group": b"edges", "managed": True, "use_rdkafka": mode}
    consumer = topic.get_balanced_consumer(**{**settings, **arguments})
    consumer.start()
    held = sorted(str(number) for number in consumer.held_offsets)
    consumer.stop()
    return held


MAKERS: dict[str, Callable[[Any, bool, dict[str, Any]], list[str]]] = {
    "producer": produce_with,
    "consumer": consume_with,
    "member": hold_with,
}


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


class Room:
    """A client, and what stands in the process besides what is asked for."""

    def __init__(self, address: str, topic: str) -> None:
        self.client = KafkaClient(address)
        self.topic = self.client.topics[topic]
        for mode in (False, True):
            for make in MAKERS.values():
                make(self.topic, mode, {})
        self.left()
        self.threads, self.descriptors = set(threading.enumerate()), open_descriptors()

    def left(self) -> list[str]:
        """What there is more than at the beginning, as soon as it is nothing or the time is up."""
        deadline = time.monotonic() + SECONDS
        while True:
            gc.collect()
            threads = [each.name for each in set(threading.enumerate()) - getattr(self, "threads", set())]
            more = open_descriptors() - getattr(self, "descriptors", 0)
            found = [*threads, *([f"{more} descriptors"] if more > 0 else [])]
            if not found or time.monotonic() > deadline or not hasattr(self, "threads"):
                return found
            time.sleep(0.02)

    def answer(self, kind: str, mode: bool, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            outcome: Any = MAKERS[kind](self.topic, mode, arguments)
        except Exception as error:  # noqa: BLE001 - it is what is asked for
            outcome = f"{type(error).__name__}: {error}"
            error.__traceback__ = None
        return {"outcome": outcome, "left": self.left()}


def answer_all() -> None:
    """Answer until the input ends."""
    logging.basicConfig(level=logging.INFO, filename=sys.argv[3])
    room = Room(*sys.argv[1:3])
    for line in sys.stdin:
        kind, mode, arguments = pickle.loads(bytes.fromhex(line))
        sys.stdout.write(json.dumps(room.answer(kind, mode, arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    answer_all()
