"""What all round trips with one broker share: the messages, and topics that the witness has filled with them.

A client reads those topics where it could not write its own. They are only read, so one of a kind serves every
artifact; what an artifact writes goes to topics of its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from typing import TYPE_CHECKING

from kafka_forge.brokers import admin, locks
from kafka_forge.errors import ForgeError
from kafka_forge.roundtrips import witness
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from kafka_forge.brokers import Broker

_AGE_MS = 3_600_000


class Stock(contextlib.AbstractContextManager["Stock"]):
    """The messages of one run with one broker; when the block ends, its topics go, unless the broker goes with them.

    Attributes:
        seed: of the corpus (see `corpus.topic_seed`).
        start: of the corpus, milliseconds since 1970.
    """

    def __init__(self, broker: Broker) -> None:
        self.seed = uuid.uuid4().hex[:10]
        self.start = int(time.time() * 1000) - _AGE_MS
        self._broker = broker
        self._filled: dict[str, str] = {}
        self._made: list[str] = []
        self._filling = threading.Lock()

    def messages(self, codec: str) -> list[corpus.Message]:
        """Return what every topic of a codec holds."""
        return corpus.messages(corpus.topic_seed(self.seed, codec), self.start)

    def topics(self, codecs: Iterable[str]) -> dict[str, str]:
        """Return codec → the topic that the witness has filled; it does so when a codec is first asked for.

        Raises:
            BrokerDied: the broker does not answer.
            ScenarioBroken: the broker does not take the topics or the messages.
        """
        with self._filling:
            asked = list(codecs)
            self._fill([codec for codec in asked if codec not in self._filled])
            return {codec: self._filled[codec] for codec in asked}

    def _fill(self, codecs: list[str]) -> None:
        if not codecs:
            return
        attempt = len(self._made)  # after a failure, a topic may hold some of the messages
        fresh = {codec: f"kafka-forge-{self.seed}-seeded-{attempt}-{codec}" for codec in codecs}
        self._made += fresh.values()
        watch = self._broker.check
        admin.create_topics(self._broker.address, dict.fromkeys(fresh.values(), corpus.PARTITIONS), watch=watch)
        witness.fill(self._broker.address, fresh, self.messages, watch)
        self._filled |= fresh

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        discard(self._broker, self._made)


def discard(broker: Broker, topics: list[str]) -> None:
    """Delete topics on a broker that outlives us; what stays behind there must not hide an error."""
    if not broker.owned:
        _delete(broker, topics)


def clear(broker: Broker, topics: list[str]) -> None:
    """Delete a round trip's topics where others may follow it; what stays behind must not hide an error.

    pykafka asks for the metadata of all topics, each client anew, and an emulator reads what earlier round trips left
    for longer than what the round trip itself is about. Where ZooKeeper holds the topics, our own broker keeps them.
    """
    if not broker.owned or not locks.kafka(broker.version).needs_zookeeper:
        _delete(broker, topics)


def _delete(broker: Broker, topics: list[str]) -> None:
    with contextlib.suppress(ForgeError):
        admin.delete_topics(broker.address, topics, timeout=10.0, watch=broker.check)
