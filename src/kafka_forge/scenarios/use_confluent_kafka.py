"""The round trip with confluent-kafka: its documented API, default settings but for what the round trip asks for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, Producer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.scenarios import (
        corpus,
        members_confluent_kafka,
        rebalancing,
        scenario,
        sharers_confluent_kafka,
        sharing,
        transacting,
        transactions_confluent_kafka,
    )
    from kafka_forge.scenarios.counted_confluent_kafka import EVERY_MS, Counted, checked, record
else:
    import members_confluent_kafka
    import rebalancing
    import scenario
    import sharers_confluent_kafka
    import sharing
    import transacting
    import transactions_confluent_kafka
    from counted_confluent_kafka import EVERY_MS, Counted, checked, record


class Confluent:
    """`scenario.Client` over ``confluent_kafka.Producer`` and ``Consumer``."""

    together = False
    counts = True

    def __init__(self, request: scenario.Request) -> None:
        self._counted = Counted(request.address)

    def produce(
        self, codec: str, topic: str, messages: list[corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`."""
        producer = Producer(self._settings(f"producer-{codec}") | {"compression.type": codec})
        acked, failed = 0, []

        def delivered(error: Any, _message: Any) -> None:
            nonlocal acked
            if error is None:
                acked += 1
            else:
                failed.append(str(error))

        for m in messages:
            producer.produce(
                topic,
                value=m.value,
                key=m.key,
                partition=m.partition,
                headers=list(m.headers),
                timestamp=m.timestamp,
                on_delivery=delivered,
            )
        producer.flush(deadline.left)
        while self._counted.count(f"producer-{codec}", "txmsgs") < acked and not deadline.over:
            producer.poll(EVERY_MS / 1000)
        return {"sent": len(messages), "acked": acked, "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        consumer = self._consumer(f"consumer-{topic}", "unused")
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for partition in expected])
            records: list[corpus.Record] = []
            while len(records) < sum(expected.values()) and not deadline.over:
                records += [record(message) for message in _some(consumer, 200, deadline)]
            while self._counted.count(f"consumer-{topic}", "rxmsgs") < len(records) and not deadline.over:
                consumer.poll(EVERY_MS / 1000)
            return {"records": records, "cannot": {}}
        finally:
            consumer.close()

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        total = sum(expected.values())
        first = self._member(group, topic, total // 2, deadline, commit=True)
        return {"first": first, "second": self._member(group, topic, total - len(first), deadline, commit=False)}

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return self._counted.statistics()

    def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        """Join, read ``wanted`` messages, commit just these if told to, leave."""
        consumer = self._consumer(f"member-{commit}", group)
        try:
            consumer.subscribe([topic])
            read: list[list[int]] = []
            while len(read) < wanted and not deadline.over:
                read += [[m.partition(), m.offset()] for m in _some(consumer, wanted - len(read), deadline)]
            if commit:
                consumer.commit(asynchronous=False)
            return read
        finally:
            consumer.close()

    def _settings(self, name: str) -> dict[str, Any]:
        return self._counted.settings(functools.partial(self._counted.keep, name))

    def _consumer(self, name: str, group: str) -> Any:
        return Consumer(self._counted.consumer_settings(functools.partial(self._counted.keep, name), group))


def _some(consumer: Any, most: int, deadline: scenario.Deadline) -> list[Any]:
    """Return up to ``most`` messages as soon as there are any; raise on an error event."""
    message = consumer.poll(min(0.5, deadline.left))
    if message is None:
        return []
    return checked([message, *consumer.consume(most - 1, 0)] if most > 1 else [message])


def _client(asked: scenario.Request) -> scenario.Client:
    if asked.mode != "asyncio":
        return Confluent(asked)
    if TYPE_CHECKING:
        from kafka_forge.scenarios import in_loop, in_loop_confluent_kafka
    else:
        import in_loop
        import in_loop_confluent_kafka

    return in_loop.InLoop(in_loop_confluent_kafka.Driver(asked.address), counts=True, native=asked.native)


if __name__ == "__main__":
    asked = scenario.read_request()
    desks = functools.partial(transactions_confluent_kafka.Desk, asked.address)
    rooms = functools.partial(members_confluent_kafka.Room, asked.address)
    shares = functools.partial(sharers_confluent_kafka.Room, asked.address)
    beside = (rebalancing.watched(rooms), transacting.tried(desks), sharing.tried(shares))
    scenario.run(asked, _client(asked), *beside)
