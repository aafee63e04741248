"""Clients that are stopped or forgotten, with threads or greenlets: TREE ADDRESS TOPIC HANDLER; the answer is JSON.

Standard library, pykafka and maybe gevent only: test_pykafka_leaks.py runs it. It says which sockets and workers are
left behind.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

SECONDS = 30.0
ROUNDS = 3


def main(address: str, name: bytes, handler: str) -> None:
    """Live and die in two ways; say what is left after each."""
    warnings.simplefilter("error", ResourceWarning)
    greenlets = handler == "greenlets"
    before = left(greenlets)
    answer: dict[str, Any] = {}
    for end in ("stopped", "forgotten"):
        for _ in range(ROUNDS):
            live(address, name, greenlets=greenlets, stop=end == "stopped")
        gc.collect()
        deadline = time.monotonic() + SECONDS
        while left(greenlets) - before and time.monotonic() < deadline:
            sleep(greenlets, 0.05)
        answer[end] = sorted(left(greenlets) - before)
    sys.stdout.write(json.dumps(answer) + "\n")


def live(address: str, name: bytes, *, greenlets: bool, stop: bool) -> None:
    """Produce a message and consume it, twice, by a group the second time."""
    from pykafka import KafkaClient

    client = KafkaClient(address, use_greenlets=greenlets)
    topic = client.topics[name]
    with topic.get_producer(linger_ms=1) as producer:
        producer.produce(b"value")
    options = {"consumer_timeout_ms": 90_000, "auto_commit_enable": True, "auto_commit_interval_ms": 100}
    consumer = topic.get_simple_consumer(consumer_group=name, **options)
    assert consumer.consume() is not None
    consumer.stop()
    with topic.get_producer(linger_ms=1) as producer:
        producer.produce(b"value")
    member = topic.get_balanced_consumer(b"managed-" + name, managed=True, **options)
    assert member.consume() is not None
    member.stop()
    if stop:
        client.stop()
        client.stop()


def left(greenlets: bool) -> set[str]:
    """Return the sockets and the workers of pykafka that there are."""
    found = {f"thread {thread.name}" for thread in threading.enumerate() if "pykafka" in thread.name.lower()}
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:  # the one that lists them
            continue
        if target.startswith("socket:"):
            found.add(f"descriptor {target}")
    if greenlets:
        import greenlet  # type: ignore[import-untyped]

        found |= {
            f"greenlet {each!r}"
            for each in gc.get_objects()
            if issubclass(type(each), greenlet.greenlet) and not each.dead and "pykafka" in repr(each)
        }
    return found


def sleep(greenlets: bool, seconds: float) -> None:
    """Let the workers work."""
    if greenlets:
        import gevent  # type: ignore[import-untyped]

        gevent.sleep(seconds)
    else:
        time.sleep(seconds)


if __name__ == "__main__":
    if sys.argv[1] != os.devnull:
        sys.path.insert(0, sys.argv[1])
    main(sys.argv[2], sys.argv[3].encode(), sys.argv[4])
