"""Members of a consumer group with kafka-python, which has the classic group protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, rebalancing
else:
    import corpus
    import rebalancing

_POLL_MS = 50


class Room:
    """`rebalancing.Room`: a topic, and the group that has its name."""

    def __init__(self, address: str, protocol: str, topic: str) -> None:
        if protocol != "classic":
            raise rebalancing.NoSuchProtocolError(f"kafka-python has no group protocol {protocol}")
        self._address, self._topic = address, topic

    def member(self, instance: str | None) -> Member:
        """See `rebalancing.Room.member`."""
        settings: dict[str, Any] = {
            "bootstrap_servers": self._address,
            "group_id": self._topic,
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "heartbeat_interval_ms": 300,  # who is in a group hears of newcomers by it
        }
        if instance:
            settings["group_instance_id"] = instance
        return Member(settings, self._topic)

    def send(self, each: int) -> None:
        """See `rebalancing.Room.send`."""
        producer = KafkaProducer(bootstrap_servers=self._address)
        try:
            sent = [
                producer.send(self._topic, value=b"%d" % number, partition=partition)
                for number in range(each)
                for partition in range(corpus.PARTITIONS)
            ]
            for future in sent:
                future.get(60)
        finally:
            producer.close()


class Member(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """`rebalancing.Member`. It commits whatever it has read at once: from 3.0 on kafka-python calls a listener from the
    thread in which it speaks to brokers, where a commit raises (findings/kafka-python-listener-cannot-commit.sh).
    """

    def __init__(self, settings: dict[str, Any], topic: str) -> None:
        self.given = 0
        self._consumer = KafkaConsumer(**settings)
        self._consumer.subscribe([topic], listener=self)

    def poll(self) -> list[tuple[int, int]]:
        """See `rebalancing.Member.poll`."""
        found = [each for some in self._consumer.poll(timeout_ms=_POLL_MS).values() for each in some]
        if found:
            self._consumer.commit()
        return [(each.partition, each.offset) for each in found]

    def assigned(self) -> list[int]:
        """See `rebalancing.Member.assigned`."""
        return [each.partition for each in self._consumer.assignment()]

    def close(self) -> None:
        """See `rebalancing.Member.close`."""
        self._consumer.close(autocommit=False)

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Count the rebalance."""
        self.given += bool(assigned)

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing is left to do."""
