"""Two workers whose connection breaks, again and again: TREE ADDRESS HANDLER ROUNDS; the answer is JSON.

Standard library, pykafka and maybe gevent only: test_pykafka_reconnect.py runs it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 2
SECONDS = 60.0


def main(address: str, handler: str, rounds: int) -> None:
    """Break the connection, have all workers make it anew at once and ask for something; note what is wrong."""
    from pykafka import KafkaClient

    client = KafkaClient(address, use_greenlets=handler == "greenlets")
    ((node, broker),) = client.brokers.items()
    wrong: list[str] = []
    newest = set()

    def connect() -> None:
        broker.connect()
        ask()

    def update() -> None:
        client.update_cluster()
        ask()

    def ask() -> None:
        for _ in range(3):
            if set(broker.request_metadata().brokers) != {node}:
                wrong.append("another broker")
        newest.add(broker.api_versions[0].max)

    at_once = with_greenlets if handler == "greenlets" else with_threads
    for number in range(rounds):
        broker._connection._socket.shutdown(socket.SHUT_RDWR)
        wrong += at_once(connect if number % 2 else update)
    sys.stdout.write(json.dumps({"wrong": wrong, "newest": sorted(newest)}) + "\n")


def with_threads(work: Callable[[], None]) -> list[str]:
    """Do something in several threads at once; return what was raised, or who did not end."""
    together, wrong = threading.Barrier(WORKERS), []

    def do() -> None:
        together.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it is the answer
            wrong.append(repr(error))

    threads = [threading.Thread(target=do, daemon=True) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return wrong + ["a thread hangs" for thread in threads if thread.is_alive()]


def with_greenlets(work: Callable[[], None]) -> list[str]:
    """Do the same in greenlets."""
    import gevent  # type: ignore[import-untyped]

    workers: list[Any] = [gevent.spawn(work) for _ in range(WORKERS)]
    gevent.joinall(workers, timeout=SECONDS)
    return [repr(each.exception) for each in workers if not each.successful()]


if __name__ == "__main__":
    if sys.argv[1] != os.devnull:
        sys.path.insert(0, sys.argv[1])
    main(sys.argv[2], sys.argv[3], int(sys.argv[4]))
