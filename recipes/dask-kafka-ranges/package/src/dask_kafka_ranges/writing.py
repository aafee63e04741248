"""Writing a part of a collection, on a worker: once, or with a checkpoint, once and never again.

With a checkpoint, messages and the group's offset behind the range that they came from are one transaction (KIP-98).
Its ``transactional.id`` is the group's, topic's and partition's, so who is given a partition's ranges ends whatever
transaction another one has left open (and that one can commit no more), before it asks how far the group is. The
ranges of a partition are written one after the other: the group's offset is where they go on.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from dask_kafka_ranges import asking
from dask_kafka_ranges.codecs import Codec, encoder
from dask_kafka_ranges.errors import CheckpointMoved, MessageNotEncodable, NotWritten
from dask_kafka_ranges.values import OffsetRange, Outgoing, Record, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from confluent_kafka import Consumer

_POLL_EVERY = 1000
_WAIT = 0.1


@dataclass(frozen=True)
class Writing:
    """One task: where to, and how to encode.

    Attributes:
        range: what the part was made from, where there is a checkpoint.
        group: the consumer group whose offsets are the checkpoint.
        first: whether no range of the same partition goes before it.
        key_column: of a dataframe, the column that is the key.
        timeout: seconds that the broker may take for each step.
    """

    topic: str
    settings: dict[str, Any]
    key: Codec = "bytes"
    value: Codec = "bytes"
    range: OffsetRange | None = None
    group: str | None = None
    first: bool = True
    key_column: str | None = None
    timeout: float = 60.0


def run(task: Writing, part: Any, _: Written | None = None) -> Written:
    """Write a part.

    Args:
        task: where to and how.
        part: messages (`Outgoing`, `Record`, or bare values), or a pandas dataframe.
        _: what became of the range before it, for Dask to wait for.

    Raises:
        MessageNotEncodable: counts the element that is not what it was said to be.
        CheckpointMoved: the group's offset is neither where the range begins nor behind it.
        NotWritten, BrokerNotThere, TopicNotThere: what librdkafka said.
    """
    messages = _encoded(task, _elements(task, part))
    if task.range is None or task.group is None:
        return Written(None, _plainly(task, messages), skipped=False)
    return _once(task, task.range, messages)


def _plainly(task: Writing, messages: Iterator[Outgoing]) -> int:
    with _producer(task, {}) as (producer, failures):
        count = _produce(task, producer, messages)
        left = producer.flush(task.timeout)
        if failures:
            raise asking.translated(failures[0], f"{len(failures)} messages failed", task.topic, otherwise=NotWritten)
        if left:
            raise NotWritten(f"of {count} messages {left} were not acknowledged in {task.timeout:g} s", task.topic)
        return count


def _once(task: Writing, where: OffsetRange, messages: Iterator[Outgoing]) -> Written:
    own = {"transactional.id": f"{task.group}/{where.topic}/{where.partition}"}
    with asking.consumer({**task.settings, **asking.AS_THEY_ARE}, task.group) as group:
        # An offset behind the range stays behind it. One before it may be about to move: another process may be
        # committing, until it has been fenced.
        if _is_done(task, where, group, final=False):
            return Written(where, 0, skipped=True)
    stable = {**task.settings, "isolation.level": "read_committed"}
    with asking.consumer(stable, task.group) as group, _producer(task, own) as (producer, _):
        _step(task, producer.init_transactions)
        if _is_done(task, where, group, final=True):
            return Written(where, 0, skipped=True)
        producer.begin_transaction()
        try:
            count = _produce(task, producer, messages)
            offsets = [TopicPartition(where.topic, where.partition, where.end)]
            member = group.consumer_group_metadata()
            _step(task, lambda left: producer.send_offsets_to_transaction(offsets, member, left))
            _step(task, producer.commit_transaction)
        except BaseException:
            with contextlib.suppress(KafkaException):  # one that is fenced has nothing to abort
                producer.abort_transaction(task.timeout)
            raise
        return Written(where, count, skipped=False)


def _is_done(task: Writing, where: OffsetRange, group: Consumer, *, final: bool) -> bool:
    """Tell whether the group is behind a range; where it is to be ``final``, it must else be at its beginning."""
    done = asking.committed(group, where.topic, [where.partition], task.timeout)[where.partition]
    if done is not None and done >= where.end:
        return True
    if final and done != where.start and not (done is None and task.first):
        at = "no offset" if done is None else str(done)
        raise CheckpointMoved(f"group {task.group!r} is at {at}, and the range begins elsewhere", *where[:3])
    return False


def _step(task: Writing, call: Callable[[float], Any]) -> None:
    """Take a step of a transaction, again where librdkafka says that it may succeed then."""
    end = time.monotonic() + task.timeout
    while True:
        try:
            call(max(1.0, end - time.monotonic()))
        except KafkaException as error:
            told = error.args[0]
            if isinstance(told, KafkaError) and told.retriable() and time.monotonic() < end:
                continue
            raise asking.translated(error, "the transaction failed", task.topic, otherwise=NotWritten) from None
        else:
            return


@contextlib.contextmanager
def _producer(task: Writing, own: dict[str, Any]) -> Iterator[tuple[Producer, list[KafkaError]]]:
    """Give a producer, and the failures of single messages; what has not been sent when the block ends is dropped."""
    failures: list[KafkaError] = []

    def report(error: KafkaError | None, _: Any) -> None:
        if error is not None:
            failures.append(error)

    settings = {"linger.ms": 20, **task.settings, **own, "enable.idempotence": True, "on_delivery": report}
    try:
        producer = Producer(settings)
    except KafkaException as error:
        raise asking.translated(
            error, "no producer can be made of these settings", task.topic, otherwise=NotWritten
        ) from None
    try:
        yield producer, failures
    finally:
        producer.purge()
        producer.flush(_WAIT)


def _produce(task: Writing, producer: Producer, messages: Iterator[Outgoing]) -> int:
    count = 0
    for message in messages:
        optional = {"partition": message.partition, "timestamp": message.timestamp}
        chosen = {name: value for name, value in optional.items() if value is not None}
        _hand_over(task, producer, message, chosen)
        count += 1
        if count % _POLL_EVERY == 0:
            producer.poll(0)
    return count


def _hand_over(task: Writing, producer: Producer, message: Outgoing, chosen: dict[str, Any]) -> None:
    end = time.monotonic() + task.timeout
    while True:
        try:
            producer.produce(task.topic, message.value, message.key, headers=list(message.headers), **chosen)
        except BufferError:
            if time.monotonic() > end:
                raise NotWritten(f"there was no room for a message in {task.timeout:g} s", task.topic) from None
            producer.poll(_WAIT)
        except KafkaException as error:
            raise asking.translated(error, "a message is refused", task.topic, otherwise=NotWritten) from None
        else:
            return


def _elements(task: Writing, part: Any) -> Iterable[Outgoing]:
    if hasattr(part, "to_dict"):
        return _rows(task, part)
    return map(_outgoing, part)


def _outgoing(element: Any) -> Outgoing:
    if isinstance(element, Outgoing):
        return element
    if isinstance(element, Record):
        return Outgoing(element.value, element.key, element.headers, element.timestamp)
    return Outgoing(element)


def _rows(task: Writing, frame: Any) -> Iterator[Outgoing]:
    """Give the rows of a dataframe: column → value, None for what is missing; the key's column is not in the value."""
    import pandas

    for row in frame.to_dict("records"):
        value = {str(name): _plain(each, pandas) for name, each in row.items()}
        yield Outgoing(value, value.pop(task.key_column) if task.key_column is not None else None)


def _plain(value: Any, pandas: Any) -> Any:
    if not isinstance(value, (list, dict, tuple, set, bytes, str)) and pandas.isna(value):
        return None
    return value


def _encoded(task: Writing, elements: Iterable[Outgoing]) -> Iterator[Outgoing]:
    key, value = encoder(task.key), encoder(task.value)
    for number, element in enumerate(elements):
        try:
            message = element._replace(key=key(element.key), value=value(element.value))
        except Exception as error:
            said = f"element {number} of the part cannot be encoded: {type(error).__name__}: {error}"
            raise MessageNotEncodable(said, task.topic) from None
        yield message
