"""What can go wrong, as exceptions that survive the way from a worker to its client.

confluent-kafka's ``KafkaException`` cannot be pickled, so that Dask would hand on another class. These can: class,
code, name and message of Kafka's own error are kept in `Cause`, and topic, partition and offset say where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from confluent_kafka import KafkaError


class Cause(NamedTuple):
    """What librdkafka or the broker said.

    Attributes:
        kind: the class of the error as confluent-kafka has it, for example ``KafkaError``.
        code: its number: the broker's (https://kafka.apache.org/protocol#protocol_error_codes), or below zero
            librdkafka's own (``rd_kafka_resp_err_t`` in rdkafka.h).
        name: its name, for example ``UNKNOWN_TOPIC_OR_PART``.
        message: in words.
        fatal: whether the client that said it is of no use any more.
        retriable: whether the same call may succeed later.
    """

    kind: str
    code: int
    name: str
    message: str
    fatal: bool = False
    retriable: bool = False

    @classmethod
    def of(cls, error: KafkaError) -> Cause:
        """Return what a ``KafkaError`` says, as plain values."""
        return cls(type(error).__name__, error.code(), error.name(), error.str(), error.fatal(), error.retriable())


class KafkaRangesError(Exception):
    """The base of all of these.

    Args:
        what: what happened, in words.
        topic, partition, offset: where; None where it has no such place.
        cause: what Kafka said; None where nothing of it was asked.
    """

    def __init__(
        self,
        what: str,
        topic: str | None = None,
        partition: int | None = None,
        offset: int | None = None,
        cause: Cause | None = None,
    ) -> None:
        # all of it as arguments: that is what pickle makes an exception anew of
        super().__init__(what, topic, partition, offset, cause)
        self.what = what
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.cause = cause

    def __str__(self) -> str:
        """Return the place, what happened, and what Kafka said."""
        place = "" if self.topic is None else self.topic
        if self.partition is not None:
            place += f"[{self.partition}]"
        if self.offset is not None:
            place += f" at offset {self.offset}"
        said = f" ({self.cause.name}, {self.cause.code}: {self.cause.message})" if self.cause else ""
        return f"{place}: {self.what}{said}" if place else f"{self.what}{said}"


class TopicNotThere(KafkaRangesError):
    """The topic, or a partition of it, does not exist."""


class BrokerNotThere(KafkaRangesError):
    """No broker answers."""


class OffsetOutOfRange(KafkaRangesError):
    """The partition does not have an offset (any more): its retention has passed, or it has not been written yet."""


class RangeNotReadable(KafkaRangesError):
    """A range did not come to its end in time, or Kafka refuses it."""


class MessageNotDecodable(KafkaRangesError):
    """The key or value of a message is not what it was said to be."""


class MessageNotEncodable(KafkaRangesError):
    """An element cannot be made into a message; ``offset`` is None, the text counts it within its part."""


class NotWritten(KafkaRangesError):
    """Messages were not written; those of a transaction are not there for who reads what is committed."""


class CheckpointMoved(KafkaRangesError):
    """The group's offset is neither at the beginning of a range nor behind it: something else writes to the group."""
