"""What every measurement of a run shares."""

from __future__ import annotations

from dataclasses import dataclass

_STRETCH = 10
"""How many times the messages a quick client gets at the most."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every measurement of a run shares.

    Attributes:
        messages: the most messages of a measurement.
        cap: the most bytes of a measurement; large messages are fewer.
        partitions: of each topic.
        acks: ``0``, ``1``, ``all``.
        codec: a producer's compression.
        linger_ms: of a producer.
        idempotent: whether a producer is idempotent (KIP-98), which wants ``acks`` to be ``all``.
        reports: whether every message has a key, a header and a delivery report.
        awaited: whether each message is acknowledged before the next one is sent.
        heartbeat: whether something else beats in the client's loop of asyncio.
        seconds: after which a load is ended.
        min_time: seconds that a measurement lasts at least, as far as `most` messages last: what a C client does in a
            tenth of a second says more of the machine's scheduler than of the client.
    """

    messages: int
    cap: int = 100_000_000
    partitions: int = 1
    acks: str = "1"
    codec: str = "none"
    linger_ms: int = 5
    idempotent: bool = False
    reports: bool = False
    awaited: bool = False
    heartbeat: bool = False
    seconds: float = 120.0
    min_time: float = 0.0

    def count(self, message_bytes: int) -> int:
        """Return how many messages of this size a measurement has; two at least: the clock runs between them.

        >>> Setup(200_000).count(100), Setup(200_000).count(10_000)
        (200000, 10000)
        """
        return max(2, min(self.messages, self.cap // message_bytes))

    def most(self, message_bytes: int) -> int:
        """Return how many messages of this size a quick client gets at the most.

        >>> Setup(200_000, min_time=1.0).most(100), Setup(200_000, min_time=1.0).most(10_000)
        (2000000, 30000)
        """
        count = self.count(message_bytes)
        return max(count, min(_STRETCH * count, 3 * self.cap // message_bytes)) if self.min_time else count

    def stretched(self, message_bytes: int, seconds: float) -> int:
        """Return how many messages a measurement has, once `count` of them have taken so many seconds.

        >>> Setup(200_000, min_time=1.0).stretched(100, 0.25), Setup(200_000, min_time=1.0).stretched(100, 5.0)
        (800000, 200000)
        """
        count, most = self.count(message_bytes), self.most(message_bytes)
        return min(most, max(count, round(count * self.min_time / seconds)))
