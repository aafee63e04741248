"""A program that forks while pykafka works in it: TREE ADDRESS TOPIC HANDLER HOW; the answer is JSON.

Standard library, pykafka and maybe gevent only: test_pykafka_fork.py runs it. HOW is a way of leaving the child.
"""

from __future__ import annotations

import contextlib
import gc
import json
import multiprocessing
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 60.0
MESSAGES = 200
LOCKS = ("_connect_lock", "_offsets_channel_lock", "_req_handlers_lock")


def main(address: str, name: bytes, how: str, *, greenlets: bool) -> None:
    """Fork with a client, a producer and consumers at work, and go on in the parent."""
    from pykafka import KafkaClient

    client = KafkaClient(address, use_greenlets=greenlets)
    topic = client.topics[name]
    producer = topic.get_producer(linger_ms=1)
    consumer = topic.get_simple_consumer(
        consumer_group=name, auto_commit_enable=True, auto_commit_interval_ms=50, consumer_timeout_ms=90_000
    )
    producer.produce(b"before")
    (broker,) = client.brokers.values()
    consumer.consume()
    answer: dict[str, Any] = {}
    locks = [] if greenlets else [getattr(broker, lock) for lock in LOCKS] + [broker.handler._stop_lock]
    with held(locks):
        if how == "use":
            answer["uses"] = json.loads(forked(lambda: used(client, broker)))
        elif how == "multiprocessing":
            child = multiprocessing.get_context("fork").Process(target=gc.collect)
            child.start()
            child.join(SECONDS)
            answer["status"] = child.exitcode
        elif how == "forget":
            kept = [client, topic, producer, consumer, broker]
            del client, topic, producer, consumer, broker
            answer["said"] = forked(lambda: forgotten(kept))
            client, topic, producer, consumer, broker = kept
        else:
            answer["said"] = forked(lambda: sys.exit(0))
    for number in range(MESSAGES):
        producer.produce(b"%d" % number)
    answer["read"] = sum(consumer.consume() is not None for _ in range(MESSAGES))
    producer.stop()
    consumer.stop()
    sys.stdout.write(json.dumps(answer) + "\n")


@contextlib.contextmanager
def held(locks: list[Any]) -> Iterator[None]:
    """Have a thread hold every lock of a broker, as it may when another one forks."""
    holding, may_release = threading.Event(), threading.Event()

    def hold() -> None:
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            holding.set()
            may_release.wait()

    threading.Thread(target=hold, daemon=True).start()
    holding.wait()
    try:
        yield
    finally:
        may_release.set()


def used(client: Any, broker: Any) -> str:
    """Use what was made before the fork in every way; return what was raised by which."""
    from pykafka.protocol import ApiVersionsRequest

    uses: dict[str, Callable[[], Any]] = {
        "update_cluster": client.update_cluster,
        "topics": lambda: client.topics[b"some-topic"],
        "metadata": broker.request_metadata,
        "connect": broker.connect,
        "offsets": lambda: broker.fetch_consumer_group_offsets(b"group", []),
        "offsets channel": broker.connect_offsets_channel,
        "group": lambda: broker.heartbeat("me", b"group", 1, b"me"),
        "leave": lambda: broker.leave_group("me", b"group", b"me"),
        "coordinator": lambda: client.cluster.get_group_coordinator(b"group"),
        "groups": broker.list_groups,
        "versions": client.cluster.fetch_api_versions,
        "request": lambda: broker.handler.request(ApiVersionsRequest()),
        "socket": lambda: broker._connection.request(ApiVersionsRequest()),
        "reconnect": broker._connection.reconnect,
    }
    raised = {name: raised_by(use) for name, use in uses.items()}
    broker.handler.stop()
    return json.dumps(raised)


def raised_by(use: Callable[[], Any]) -> str:
    """Return the name of what something raises, or what it returns."""
    try:
        return repr(use())
    except Exception as error:  # noqa: BLE001 - it is the answer
        return type(error).__name__


def forgotten(kept: list[Any]) -> str:
    """Have the garbage collector destroy it all."""
    for each in kept:
        if hasattr(each, "_running"):
            each._running = False  # it is none of this case that producers and consumers stop themselves
    kept.clear()
    gc.collect()
    return "forgotten"


def forked(work: Callable[[], Any]) -> str:
    """Do something in a child, which then ends as a program does; return what it says, or how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        said = work()
        os.write(writing, said.encode())
        sys.exit(0)
    os.close(writing)
    deadline = time.monotonic() + SECONDS
    ended, status = 0, 0
    while not ended and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not ended:
        os.kill(child, 9)
        os.waitpid(child, 0)
        return "it hung"
    with open(reading, "rb") as stream:  # noqa: PTH123 - a descriptor
        return stream.read().decode() + (f" status {status}" if status else "")


if __name__ == "__main__":
    if sys.argv[1] != os.devnull:
        sys.path.insert(0, sys.argv[1])
    main(sys.argv[2], sys.argv[3].encode(), sys.argv[5], greenlets=sys.argv[4] == "greenlets")
