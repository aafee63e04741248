"""Reading a range, on a worker: consumers that are kept warm, and an end that is known by position.

A consumer that has read a range has the messages behind it at hand already. So it is kept, with what it brought too
much, for the task that reads on in this partition. A range ends where a message behind it comes, or the end of the
partition (librdkafka's ``_PARTITION_EOF``): messages are not counted, as not every offset has one.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import cloudpickle
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from dask_kafka_ranges import asking
from dask_kafka_ranges.codecs import Codec, decoder
from dask_kafka_ranges.errors import Cause, MessageNotDecodable, OffsetOutOfRange, RangeNotReadable
from dask_kafka_ranges.values import OffsetRange, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
IDLE_CONSUMERS = 16
"""How many a worker keeps at hand; each has some threads and up to 16 MiB of messages."""
IDLE_SECONDS = 300.0
_POLL = 0.05
_BATCH = 10_000
_GONE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)


@dataclass(frozen=True)
class Reading:
    """One task: a range, how to read it, and how to decode it.

    Attributes:
        timeout: seconds that may pass without any message or end.
    """

    range: OffsetRange
    settings: dict[str, Any]
    key: Codec = "bytes"
    value: Codec = "bytes"
    timeout: float = 60.0


@dataclass
class _Warm:
    """A consumer of one partition, and where it is.

    Attributes:
        position: the offset that it gives next; None where it has not begun.
        ahead: what it brought and nobody has taken: messages, and ends of the partition.
        complaints: what librdkafka said that is no message, such as brokers that went away.
    """

    consumer: Consumer
    complaints: deque[KafkaError]
    position: int | None = None
    ahead: deque[Any] = field(default_factory=deque)
    parked: float = 0.0

    @classmethod
    def made(cls, settings: dict[str, Any]) -> _Warm:
        complaints: deque[KafkaError] = deque(maxlen=20)
        return cls(Consumer({**asking.consumer_settings(settings), "error_cb": complaints.append}), complaints)

    def go(self, where: OffsetRange) -> None:
        """Begin with a range; nothing is asked anew where the last one ended there."""
        self.complaints.clear()
        if self.position != where.start:
            self.ahead.clear()
            self.consumer.assign([TopicPartition(where.topic, where.partition, where.start)])
        self.position = None  # known again when the range has been read

    def events(self, most: int) -> deque[Any]:
        """Take what is ahead, or wait for more for a moment."""
        if self.ahead:
            taken, self.ahead = self.ahead, deque()
            return taken
        return deque(self.consumer.consume(max(1, min(most, _BATCH)), _POLL))

    def stop(self, end: int, behind: Any, more: deque[Any]) -> None:
        """Keep what lies behind a range, for who reads on.

        An end of the partition that is this very one is not kept: librdkafka tells the next one, not the same again.
        """
        if behind is not None and (behind.error() is None or behind.offset() > end):
            more.appendleft(behind)
        self.position, self.ahead = end, more

    def close(self) -> None:
        self.consumer.close()


_idle: dict[tuple[bytes, str, int], list[_Warm]] = {}
_lock = Lock()


def run(task: Reading) -> list[Record]:
    """Read a range.

    Returns:
        Its messages in the order of their offsets.

    Raises:
        OffsetOutOfRange: the partition does not have the range any more.
        TopicNotThere: the topic has been deleted.
        BrokerNotThere, RangeNotReadable: nothing came in time; says what librdkafka complained of, and where.
        MessageNotDecodable: names the message.
    """
    where = task.range
    if where.start >= where.end:
        return []
    key, value = decoder(task.key), decoder(task.value)
    warm = _borrowed(task)
    try:
        messages = _read(warm, task)
    except BaseException:
        warm.close()
        raise
    _park(task, warm)
    return _records(messages, where, key, value)


def close_consumers() -> None:
    """Close the consumers that this process keeps at hand: ``client.run(close_consumers)`` does so on all workers."""
    with _lock:
        kept = [warm for each in _idle.values() for warm in each]
        _idle.clear()
    for warm in kept:
        warm.close()


def _identity(task: Reading) -> tuple[bytes, str, int]:
    return cloudpickle.dumps(sorted(task.settings.items())), task.range.topic, task.range.partition


def _borrowed(task: Reading) -> _Warm:
    """Take a warm consumer that stands where the range begins, or make one.

    One that stands elsewhere is of no use: it waits at the broker for what comes next there (``fetch.wait.max.ms``,
    half a second), and asks for something else only then. A new one has its first message within some milliseconds.
    """
    with _lock:
        kept = _idle.get(_identity(task), [])
        for each in kept:
            if each.position == task.range.start:
                kept.remove(each)
                return each
    try:
        return _Warm.made(task.settings)
    except KafkaException as error:
        raise asking.translated(error, "no consumer can be made of these settings", task.range.topic) from None


def _park(task: Reading, warm: _Warm) -> None:
    now = warm.parked = time.monotonic()
    with _lock:
        _idle.setdefault(_identity(task), []).append(warm)
        every = sorted((each for kept in _idle.values() for each in kept), key=lambda each: -each.parked)
        surplus = [each for n, each in enumerate(every) if n >= IDLE_CONSUMERS or now - each.parked > IDLE_SECONDS]
        for kept in _idle.values():
            kept[:] = [each for each in kept if each not in surplus]
    for each in surplus:
        each.close()


def _read(warm: _Warm, task: Reading) -> list[Any]:
    where, found, reached = task.range, list[Any](), task.range.start
    warm.go(where)
    deadline = time.monotonic() + task.timeout
    while True:
        try:
            events = warm.events(where.end - reached)
        except KafkaException as failure:
            raise asking.translated(failure, "the range cannot be read", *where[:2], reached) from None
        while events:
            event = events.popleft()
            error = event.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                _object(error, where, reached, warm)
                continue
            if event.offset() >= where.end:
                warm.stop(where.end, event, events)
                return found
            if error is None:
                found.append(event)
                reached = event.offset() + 1
                deadline = time.monotonic() + task.timeout
            if reached == where.end:
                warm.stop(where.end, None, events)
                return found
        if time.monotonic() > deadline:
            raise _late(warm, task, reached)


def _object(error: KafkaError, where: OffsetRange, reached: int, warm: _Warm) -> None:
    """Raise what ends a range; what librdkafka itself tries again is only kept."""
    if error.code() in _GONE:
        raise OffsetOutOfRange("the partition does not have it (any more)", *where[:2], reached, Cause.of(error))
    if error.fatal() or not (error.retriable() or error.code() in asking.SILENT):
        raise asking.translated(error, "the range cannot be read", *where[:2], reached)
    warm.complaints.append(error)


def _late(warm: _Warm, task: Reading, reached: int) -> Exception:
    where = task.range
    what = f"nothing came for {task.timeout:g} s on the way to offset {where.end}"
    if warm.complaints:
        return asking.translated(warm.complaints[-1], what, *where[:2], reached)
    return RangeNotReadable(f"{what}; a transaction may be open there", *where[:2], reached)


def _records(
    messages: Sequence[Any], where: OffsetRange, key: Callable[[Any], Any], value: Callable[[Any], Any]
) -> list[Record]:
    topic, partition, found = where.topic, where.partition, list[Record]()
    for message in messages:
        kind, timestamp = message.timestamp()
        what = "key"
        try:
            decoded_key = key(message.key())
            what = "value"
            decoded = value(message.value())
        except Exception as error:
            said = f"the {what} cannot be decoded: {type(error).__name__}: {error}"
            raise MessageNotDecodable(said, topic, partition, message.offset()) from None
        headers = message.headers()
        found.append(
            Record(
                topic,
                partition,
                message.offset(),
                timestamp if kind else None,
                decoded_key,
                decoded,
                tuple(headers) if headers else (),
            )
        )
    return found
