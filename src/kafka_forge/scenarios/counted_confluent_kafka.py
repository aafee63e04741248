"""What confluent-kafka's two interfaces share in a round trip: settings, librdkafka's counts, and evidence.

Runs inside the fresh environment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException, libversion

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

EVERY_MS = 20
"""How often librdkafka tells its counts (``statistics.interval.ms``)."""


class Counted:
    """The settings of clients by name, and what librdkafka has counted for each."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._counted: dict[str, dict[str, int]] = {}

    def keep(self, name: str, text: str) -> None:
        """Take the counts out of the statistics (JSON) of the client of this name."""
        counts = json.loads(text)
        self._counted[name] = {key: counts[key] for key in ("txmsgs", "rxmsgs")}

    def settings(self, stats_cb: Callable[[str], Any]) -> dict[str, Any]:
        """Return what every client is made with; ``stats_cb`` is to hand what it is told to `keep`."""
        return {"bootstrap.servers": self._address, "statistics.interval.ms": EVERY_MS, "stats_cb": stats_cb}

    def consumer_settings(self, stats_cb: Callable[[str], Any], group: str) -> dict[str, Any]:
        """Return what every consumer is made with."""
        return self.settings(stats_cb) | {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,  # an idle fetch delays the next assignment by as much
        }

    def count(self, name: str, key: str) -> int:
        """Return the count ``txmsgs`` or ``rxmsgs`` of the client of this name, 0 where none came yet."""
        return self._counted.get(name, {}).get(key, 0)

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return {
            "source": "librdkafka's statistics (txmsgs, rxmsgs)",
            "version": libversion()[0],
            "library": scenario.mapped_libraries(),
            "sent": sum(counts["txmsgs"] for name, counts in self._counted.items() if name.startswith("producer")),
            "received": sum(counts["rxmsgs"] for name, counts in self._counted.items() if name.startswith("consumer")),
        }


def checked(messages: list[Any]) -> list[Any]:
    """Return the messages; raises KafkaException where one is an error event."""
    for each in messages:
        if each.error() is not None:
            raise KafkaException(each.error())
    return messages


def record(message: Any) -> corpus.Record:
    """Return a message as evidence."""
    return corpus.record(
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or [],
        message.timestamp()[1],
    )
