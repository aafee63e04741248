"""Survival with pykafka, in its modes: ``rdkafka`` (its C extension) and ``pure``.

Everything is left at its default, but for ``required_acks=-1`` (all copies), the partitioner, and waits that no test
has the patience for.
"""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient
from pykafka.common import OffsetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import surviving
else:
    import surviving


class _Told:
    """A partitioner that sends the next message to the partition that was named before."""

    def __init__(self) -> None:
        self.partition = 0

    def __call__(self, partitions: list[Any], key: bytes | None) -> Any:  # noqa: ARG002
        return next(each for each in partitions if each.id == self.partition)


class _Producing:
    """`surviving.Producing` over ``pykafka.Producer`` or its ``RdKafkaProducer``."""

    def __init__(self, request: surviving.Request) -> None:
        self._told = _Told()
        self._waiting: dict[bytes, Callable[[str | None], None]] = {}
        self._client = KafkaClient(hosts=request.address)
        self._producer: Any = self._client.topics[request.topic].get_producer(
            use_rdkafka=request.mode == "rdkafka",
            partitioner=self._told,
            required_acks=-1,
            delivery_reports=True,
            linger_ms=20,  # the default holds every message back for 5 s
            pending_timeout_ms=int(request.stop * 1000),
        )

    def send(self, partition: int, value: bytes, done: Callable[[str | None], None]) -> None:
        """See `surviving.Producing.send`."""
        self._told.partition = partition
        self._waiting[value] = done
        try:
            self._producer.produce(value)
        except BaseException:
            del self._waiting[value]
            raise

    def serve(self) -> None:
        """See `surviving.Producing.serve`."""
        while self._waiting:
            try:
                message, error = self._producer.get_delivery_report(block=False)
            except queue.Empty:
                return
            done = self._waiting.pop(message.value, None)
            if done is not None:
                done(None if error is None else repr(error))

    def stop(self, seconds: float) -> None:  # noqa: ARG002  (it was told when it was made)
        """See `surviving.Producing.stop`."""
        try:
            self._producer.stop()
        finally:
            self.serve()
            self._producer = self._client = None


class _Member:
    """`surviving.Member` over a balanced consumer of Kafka's own membership; in C, a simple one that commits."""

    def __init__(self, request: surviving.Request) -> None:
        self._client = KafkaClient(hosts=request.address)
        topic = self._client.topics[request.topic]
        settings = {"auto_offset_reset": OffsetType.EARLIEST, "consumer_timeout_ms": 100}
        if request.mode == "rdkafka":  # which is not to be had with Kafka's own membership
            group = request.group.encode()
            self._consumer: Any = topic.get_simple_consumer(consumer_group=group, use_rdkafka=True, **settings)
        else:
            self._consumer = topic.get_balanced_consumer(
                request.group.encode(),
                managed=True,
                # the n-th retry waits n times as long: the default of 2 s is slow where all goes well, and five retries
                # after 0.2 s are over before a group whose broker was killed has another one
                rebalance_backoff_ms=200,
                rebalance_max_retries=20,
                **settings,
            )

    def read(self, seconds: float) -> list[tuple[int, int, bytes]]:  # noqa: ARG002  (its time-out is its own)
        """See `surviving.Member.read`."""
        found: list[tuple[int, int, bytes]] = []
        while len(found) < 500:
            message = self._consumer.consume(block=not found)
            if message is None:
                break
            found.append((message.partition_id, message.offset, message.value))
        return found

    def commit(self) -> None:
        """See `surviving.Member.commit`."""
        self._consumer.commit_offsets()

    def leave(self) -> None:
        """See `surviving.Member.leave`."""
        self._consumer.stop()
        self._consumer = self._client = None


class Pykafka:
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
    surviving.main(Pykafka)
