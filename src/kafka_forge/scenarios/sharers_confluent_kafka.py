"""Members of a share group with confluent-kafka, which has them from 2.15 on, as a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import confluent_kafka

if TYPE_CHECKING:
    from kafka_forge.scenarios import sharing
    from kafka_forge.scenarios.counted_confluent_kafka import checked
else:
    import sharing
    from counted_confluent_kafka import checked

_POLL = 0.05
_SECONDS = 60.0


class Room:
    """`sharing.Room`: a topic, and the share group that has its name."""

    def __init__(self, address: str, topic: str) -> None:
        if not hasattr(confluent_kafka, "ShareConsumer"):
            raise sharing.NoShareGroupsError(f"confluent-kafka {confluent_kafka.version()} has no ShareConsumer")
        self._address, self._topic = address, topic

    def member(self, *, answering: bool) -> Member:
        """See `sharing.Room.member`."""
        settings = {
            "bootstrap.servers": self._address,
            "group.id": self._topic,
            **({"share.acknowledgement.mode": "explicit"} if answering else {}),
        }
        return Member(settings, self._topic)

    def send(self, count: int) -> None:
        """See `sharing.Room.send`."""
        failed: list[str] = []
        producer = confluent_kafka.Producer({"bootstrap.servers": self._address})
        for number in range(count):
            producer.produce(
                self._topic,
                value=b"%d" % number,
                on_delivery=lambda error, _: failed.append(str(error)) if error else None,
            )
        if producer.flush(_SECONDS) or failed:
            raise RuntimeError(f"messages were not delivered: {failed[:1]}")


class Member:
    """`sharing.Member`."""

    def __init__(self, settings: dict[str, Any], topic: str) -> None:
        self._consumer = confluent_kafka.ShareConsumer(settings)
        self._consumer.subscribe([topic])
        self._polled: dict[int, Any] = {}

    def poll(self) -> list[sharing.Delivery]:
        """See `sharing.Member.poll`."""
        messages = checked(list(self._consumer.poll(_POLL)))
        self._polled = {each.offset(): each for each in messages} or self._polled
        return [(each.offset(), each.delivery_count()) for each in messages]

    def answer(self, offset: int, how: str) -> None:
        """See `sharing.Member.answer`."""
        self._consumer.acknowledge(self._polled[offset], confluent_kafka.AcknowledgeType[how.upper()])

    def commit(self) -> str | None:
        """See `sharing.Member.commit`."""
        why = [str(each) for each in self._consumer.commit_sync(_SECONDS).values() if each is not None]
        return why[0] if why else None

    def close(self) -> None:
        """See `sharing.Member.close`."""
        self._consumer.close()
