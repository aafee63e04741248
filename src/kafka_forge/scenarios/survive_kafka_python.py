"""Survival with kafka-python: defaults, which are idempotence and ``acks=all`` since 3.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import surviving
else:
    import surviving

_POLL_SECONDS = 5.0
"""A poll() that ends before its member has joined begins to join anew; on a busy machine, short ones never get in."""


class _Producing:
    """`surviving.Producing` over ``kafka.KafkaProducer``; its thread calls back."""

    def __init__(self, request: surviving.Request) -> None:
        self._topic = request.topic
        self._producer: Any = KafkaProducer(bootstrap_servers=request.address.split(","))

    def send(self, partition: int, value: bytes, done: Callable[[str | None], None]) -> None:
        """See `surviving.Producing.send`."""
        future = self._producer.send(self._topic, value, partition=partition)
        future.add_callback(lambda _metadata: done(None))
        future.add_errback(lambda error: done(repr(error)))

    def serve(self) -> None:
        """See `surviving.Producing.serve`."""

    def stop(self, seconds: float) -> None:
        """See `surviving.Producing.stop`; ``close`` fails what it could not deliver."""
        self._producer.close(timeout=seconds)
        self._producer = None


class _Member:
    """`surviving.Member` over ``kafka.KafkaConsumer``."""

    def __init__(self, request: surviving.Request) -> None:
        self._consumer: Any = KafkaConsumer(
            request.topic,
            bootstrap_servers=request.address.split(","),
            group_id=request.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    def read(self, seconds: float) -> list[tuple[int, int, bytes]]:
        """See `surviving.Member.read`."""
        found = self._consumer.poll(timeout_ms=int(max(seconds, _POLL_SECONDS) * 1000))
        return [(each.partition, each.offset, each.value) for records in found.values() for each in records]

    def commit(self) -> None:
        """See `surviving.Member.commit`."""
        self._consumer.commit()

    def leave(self) -> None:
        """See `surviving.Member.leave`."""
        self._consumer.close(autocommit=False)
        self._consumer = None


class KafkaPython:
    """`surviving.Client`."""

    def __init__(self, request: surviving.Request) -> None:
        self._request = request

    def producer(self) -> surviving.Producing:
        """See `surviving.Client.producer`."""
        return _Producing(self._request)

    def member(self) -> surviving.Member:
        """See `surviving.Client.member`."""
        return _Member(self._request)


if __name__ == "__main__":
    surviving.main(KafkaPython)
