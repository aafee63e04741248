"""Members of a consumer group with confluent-kafka, in both group protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus
    from kafka_forge.scenarios.counted_confluent_kafka import checked
else:
    import corpus
    from counted_confluent_kafka import checked

_POLL = 0.05


class Room:
    """`rebalancing.Room`: a topic, and the group that has its name."""

    def __init__(self, address: str, protocol: str, topic: str) -> None:
        self._address, self._protocol, self._topic = address, protocol, topic

    def member(self, instance: str | None) -> Member:
        """See `rebalancing.Room.member`. With KIP-848 the broker says how often to send heartbeats."""
        settings: dict[str, Any] = {
            "bootstrap.servers": self._address,
            "group.id": self._topic,
            "group.protocol": self._protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        if self._protocol == "classic":
            settings["heartbeat.interval.ms"] = 300  # who is in a group hears of newcomers by it
        if instance:
            settings["group.instance.id"] = instance
        return Member(settings, self._topic)

    def send(self, each: int) -> None:
        """See `rebalancing.Room.send`."""
        failed: list[str] = []
        producer = Producer({"bootstrap.servers": self._address})
        for number in range(each):
            for partition in range(corpus.PARTITIONS):
                producer.produce(
                    self._topic,
                    value=b"%d" % number,
                    partition=partition,
                    on_delivery=lambda error, _: failed.append(str(error)) if error else None,
                )
        if producer.flush(60) or failed:
            raise RuntimeError(f"messages were not delivered: {failed[:1]}")


class Member:
    """`rebalancing.Member`."""

    def __init__(self, settings: dict[str, Any], topic: str) -> None:
        self.given = 0
        self._consumer = Consumer(settings)
        self._consumer.subscribe([topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def poll(self) -> list[tuple[int, int]]:
        """See `rebalancing.Member.poll`."""
        return [(each.partition(), each.offset()) for each in checked(self._consumer.consume(100, _POLL))]

    def assigned(self) -> list[int]:
        """See `rebalancing.Member.assigned`."""
        return [each.partition for each in self._consumer.assignment()]

    def close(self) -> None:
        """See `rebalancing.Member.close`: what is revoked is committed first."""
        self._commit()
        self._consumer.close()

    def _on_assign(self, _consumer: Any, partitions: list[Any]) -> None:
        self.given += bool(partitions)

    def _on_revoke(self, _consumer: Any, _partitions: list[Any]) -> None:
        self._commit()

    def _commit(self) -> None:
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._NO_OFFSET:  # noqa: SLF001  (nothing was read: the public name)
                raise
