"""Looking at a broker from outside: its process, its port, its folders, and what passes through it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psutil

from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from pathlib import Path


def produce(address: str, topic: str, count: int, codec: str = "none") -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address, "compression.type": codec, "linger.ms": 50})
    failures: list[Any] = []
    for number in range(count):
        producer.produce(
            topic, b"the same words again " * 50, key=str(number), on_delivery=lambda e, _: failures.append(e)
        )
    assert producer.flush(120) == 0
    assert failures == [None] * count


def our_folders() -> set[Path]:
    run = Cache.default().brokers / "run"
    return set(run.glob(f"{os.getpid()}-*"))


def listens(process: psutil.Process) -> set[tuple[str, str, str]]:
    """Where it listens: address, colon, port."""
    connections = process.net_connections("tcp")
    return {(each.laddr.ip, ":", str(each.laddr.port)) for each in connections if each.status == "LISTEN"}


def gone(process: psutil.Process, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True
