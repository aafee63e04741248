"""Survival with confluent-kafka: defaults but for ``enable.idempotence``, which brings ``acks=all`` with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, Producer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import surviving
else:
    import surviving


class _Producing:
    """`surviving.Producing` over ``confluent_kafka.Producer``."""

    def __init__(self, request: surviving.Request) -> None:
        self._topic = request.topic
        self._producer: Any = Producer({"bootstrap.servers": request.address, "enable.idempotence": True})

    def send(self, partition: int, value: bytes, done: Callable[[str | None], None]) -> None:
        """See `surviving.Producing.send`."""
        self._producer.produce(
            self._topic,
            value,
            partition=partition,
            on_delivery=lambda error, _message: done(None if error is None else str(error)),
        )

    def serve(self) -> None:
        """See `surviving.Producing.serve`."""
        self._producer.poll(0)

    def stop(self, seconds: float) -> None:
        """See `surviving.Producing.stop`: what ``flush`` has not delivered is purged, and reported as such."""
        if self._producer.flush(seconds):
            self._producer.purge()
            self._producer.flush(1)
        self._producer = None


class _Member:
    """`surviving.Member` over ``confluent_kafka.Consumer``."""

    def __init__(self, request: surviving.Request) -> None:
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": request.address,
                "group.id": request.group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        self._consumer.subscribe([request.topic])

    def read(self, seconds: float) -> list[tuple[int, int, bytes]]:
        """See `surviving.Member.read`; an error event is for information, as librdkafka goes on by itself."""
        found = self._consumer.consume(500, seconds)
        return [(each.partition(), each.offset(), each.value()) for each in found if each.error() is None]

    def commit(self) -> None:
        """See `surviving.Member.commit`."""
        for each in self._consumer.commit(asynchronous=False):
            if each.error is not None:
                raise RuntimeError(f"partition {each.partition} was not committed: {each.error}")

    def leave(self) -> None:
        """See `surviving.Member.leave`."""
        self._consumer.close()
        self._consumer = None


class Confluent:
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
    surviving.main(Confluent)
