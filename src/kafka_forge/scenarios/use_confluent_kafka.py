"""The round trip with confluent-kafka: its documented API, default settings but for what the round trip asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition, libversion

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

_EVERY_MS = 20


class Confluent:
    """`scenario.Client` over ``confluent_kafka.Producer`` and ``Consumer``."""

    together = False
    counts = True

    def __init__(self, request: scenario.Request) -> None:
        self._address = request.address
        self._counted: dict[str, dict[str, int]] = {}

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
        while self._count(f"producer-{codec}", "txmsgs") < acked and not deadline.over:
            producer.poll(_EVERY_MS / 1000)
        return {"sent": len(messages), "acked": acked, "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        consumer = self._consumer(f"consumer-{topic}", "unused")
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for partition in expected])
            records: list[corpus.Record] = []
            while len(records) < sum(expected.values()) and not deadline.over:
                records += [_record(message) for message in _some(consumer, 200, deadline)]
            while self._count(f"consumer-{topic}", "rxmsgs") < len(records) and not deadline.over:
                consumer.poll(_EVERY_MS / 1000)
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
        return {
            "source": "librdkafka's statistics (txmsgs, rxmsgs)",
            "version": libversion()[0],
            "library": scenario.mapped_libraries(),
            "sent": sum(counts["txmsgs"] for name, counts in self._counted.items() if name.startswith("producer")),
            "received": sum(counts["rxmsgs"] for name, counts in self._counted.items() if name.startswith("consumer")),
        }

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
        def keep(text: str) -> None:
            counts = json.loads(text)
            self._counted[name] = {key: counts[key] for key in ("txmsgs", "rxmsgs")}

        return {"bootstrap.servers": self._address, "statistics.interval.ms": _EVERY_MS, "stats_cb": keep}

    def _consumer(self, name: str, group: str) -> Any:
        return Consumer(
            self._settings(name)
            | {
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,  # an idle fetch delays the next assignment by as much
            }
        )

    def _count(self, name: str, key: str) -> int:
        return self._counted.get(name, {}).get(key, 0)


def _some(consumer: Any, most: int, deadline: scenario.Deadline) -> list[Any]:
    """Return up to ``most`` messages as soon as there are any; raise on an error event."""
    message = consumer.poll(min(0.5, deadline.left))
    if message is None:
        return []
    found = [message, *consumer.consume(most - 1, 0)] if most > 1 else [message]
    for each in found:
        if each.error() is not None:
            raise KafkaException(each.error())
    return found


def _record(message: Any) -> corpus.Record:
    return corpus.record(
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or [],
        message.timestamp()[1],
    )


if __name__ == "__main__":
    asked = scenario.read_request()
    scenario.run(asked, Confluent(asked))
