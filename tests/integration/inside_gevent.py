"""A case inside the environment of pykafka, with greenlets instead of threads: ADDRESS TOPIC; the answer is JSON.

Standard library, gevent and pykafka only: test_pykafka_gevent.py runs it.
"""

from __future__ import annotations

import itertools
import json
import sys
import time

import gevent  # type: ignore[import-untyped]
from pykafka import KafkaClient
from pykafka.common import OffsetType
from pykafka.exceptions import NoBrokersAvailableError

MESSAGES = 5000
GREENLETS = 20
TICK = 0.01
NOBODY = "127.0.0.1:1"


def main(address: str, name: str) -> None:
    """Produce and consume in every way that pykafka has without its C extension, while another greenlet ticks."""
    ticks: list[float] = []
    clock = gevent.spawn(tick, ticks)
    try:
        KafkaClient(NOBODY, use_greenlets=True)
    except NoBrokersAvailableError:
        while_retrying = len(ticks)
    client = KafkaClient(address, use_greenlets=True)
    topic = client.topics[name.encode()]
    with topic.get_producer(linger_ms=5) as producer:
        for number in range(MESSAGES):
            producer.produce(b"%d" % number)
    with topic.get_sync_producer() as producer:
        producer.produce(b"sync")
    workers = [gevent.spawn(produce_one, topic, number) for number in range(GREENLETS)]
    gevent.joinall(workers, timeout=60)
    ended = sum(worker.successful() for worker in workers)
    count = MESSAGES + 1 + GREENLETS
    options = {"consumer_timeout_ms": 90_000, "auto_offset_reset": OffsetType.EARLIEST}
    consumer = topic.get_simple_consumer(**options)
    simple = {message.value for message in itertools.islice(consumer, count)}
    consumer.stop()
    member = topic.get_balanced_consumer(f"group-of-{name}".encode(), managed=True, **options)
    balanced = {message.value for message in itertools.islice(member, count)}
    member.commit_offsets()
    held = list(member.held_offsets.values())
    member.stop()
    try:
        refused = str(topic.get_producer(use_rdkafka=True))
    except ImportError as error:
        refused = str(error)
    clock.kill()
    answer = {
        "ended": ended,
        "simple": len(simple),
        "balanced": len(balanced),
        "held": held,
        "refused": refused,
        "while_retrying": while_retrying,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def tick(ticks: list[float]) -> None:
    """Note the time again and again, as long as no call blocks the whole program."""
    while True:
        ticks.append(time.monotonic())
        gevent.sleep(TICK)


def produce_one(topic: object, number: int) -> None:
    """Send one message with a producer of its own, as in Parsely/pykafka#739."""
    with topic.get_producer() as producer:  # type: ignore[attr-defined]
        producer.produce(b"greenlet %d" % number)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
