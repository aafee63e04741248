"""The round trip with kafka-python: its documented API, default settings but for what the round trip asks for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.scenarios import (
        corpus,
        members_kafka_python,
        rebalancing,
        scenario,
        transacting,
        transactions_kafka_python,
    )
else:
    import corpus
    import members_kafka_python
    import rebalancing
    import scenario
    import transacting
    import transactions_kafka_python


class KafkaPython:
    """`scenario.Client` over ``kafka.KafkaProducer`` and ``kafka.KafkaConsumer``."""

    together = False
    counts = False

    def __init__(self, request: scenario.Request) -> None:
        self._address = request.address

    def produce(
        self, codec: str, topic: str, messages: list[corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`."""
        compression = None if codec == "none" else codec
        producer = KafkaProducer(bootstrap_servers=self._address, compression_type=compression)
        try:
            futures = [
                producer.send(
                    topic,
                    value=m.value,
                    key=m.key,
                    headers=list(m.headers),
                    partition=m.partition,
                    timestamp_ms=m.timestamp,
                )
                for m in messages
            ]
            producer.flush(timeout=deadline.left)
        finally:
            producer.close(timeout=deadline.left)
        failed = [repr(future.exception) for future in futures if future.failed()]
        acked = sum(future.succeeded() for future in futures)
        return {"sent": len(messages), "acked": acked, "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        consumer = self._consumer(None)
        try:
            partitions = [TopicPartition(topic, partition) for partition in expected]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            records = [_record(each) for each in _read(consumer, sum(expected.values()), deadline)]
            return {"records": records, "cannot": {}}
        finally:
            consumer.close(autocommit=False)

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        total = sum(expected.values())
        first = self._member(group, topic, total // 2, deadline, commit=True)
        return {"first": first, "second": self._member(group, topic, total - len(first), deadline, commit=False)}

    def statistics(self) -> dict[str, Any]:
        """There is no C library here; see `scenario.Client.counts`."""
        raise NotImplementedError

    def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        consumer = self._consumer(group)
        try:
            consumer.subscribe([topic])
            read = [[each.partition, each.offset] for each in _read(consumer, wanted, deadline)]
            if commit:
                consumer.commit()
            return read
        finally:
            consumer.close(autocommit=False)

    def _consumer(self, group: str | None) -> Any:
        return KafkaConsumer(
            bootstrap_servers=self._address,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )


def _read(consumer: Any, wanted: int, deadline: scenario.Deadline) -> list[Any]:
    read: list[Any] = []
    while len(read) < wanted and not deadline.over:
        polled = consumer.poll(timeout_ms=500, max_records=wanted - len(read))
        for records in polled.values():
            read += records
        if not polled and _at_the_end(consumer):
            break
    return read


def _at_the_end(consumer: Any) -> bool:
    """Return whether nothing is left to wait for: where messages are missing, that need not take all the time."""
    partitions = consumer.assignment()
    ends = consumer.end_offsets(partitions) if partitions else {}
    return bool(ends) and all(consumer.position(each) == end for each, end in ends.items())


def _record(each: Any) -> corpus.Record:
    return corpus.record(each.partition, each.offset, each.key, each.value, each.headers, each.timestamp)


if __name__ == "__main__":
    asked = scenario.read_request()
    desks = functools.partial(transactions_kafka_python.Desk, asked.address)
    rooms = functools.partial(members_kafka_python.Room, asked.address)
    scenario.run(asked, KafkaPython(asked), rebalancing.watched(rooms), transacting.tried(desks))
