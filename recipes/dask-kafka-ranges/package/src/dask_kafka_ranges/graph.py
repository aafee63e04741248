"""The Dask side: ranges become tasks. What a task carries is bytes and a function that knows no package of ours."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cloudpickle
import dask.config
from dask.base import tokenize
from dask.delayed import Delayed, delayed

from dask_kafka_ranges.planning import End, Start, plan_ranges
from dask_kafka_ranges.reading import Reading
from dask_kafka_ranges.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dask.bag import Bag
    from dask.dataframe import DataFrame

    from dask_kafka_ranges.codecs import Codec
    from dask_kafka_ranges.values import OffsetRange


def read_kafka(
    topic: str,
    settings: Mapping[str, Any],
    *,
    ranges: Sequence[OffsetRange] | None = None,
    key: Codec = "bytes",
    value: Codec = "bytes",
    start: Start = "earliest",
    end: End = "latest",
    group: str | None = None,
    size: int = 100_000,
    timeout: float = 60.0,
) -> Bag:
    """Return a topic as a bag of `Record`; a range of offsets is a partition of it, and a task.

    Offsets are fixed now: a task that is run again reads the same, and what is written from now on is left out.

    Args:
        topic: its name.
        settings: librdkafka's. Offsets are never committed by reading.
        ranges: as `plan_ranges` made them; None has it called with ``start``, ``end``, ``group`` and ``size``.
        key, value: what messages are decoded as.
        start, end, group, size: see `plan_ranges`.
        timeout: seconds that a task waits for the next message of its range before it says what is amiss.

    Raises:
        TopicNotThere, OffsetOutOfRange, BrokerNotThere: now, from `plan_ranges`.
        KafkaRangesError: when it is computed, see `reading.run`.
        ModuleNotFoundError: when it is computed, on a worker without this package; names the worker.
    """
    from dask.bag.core import from_delayed

    planned = _planned(topic, settings, ranges, start, end, group, size)
    run = _on_worker("dask_kafka_ranges.reading")
    tasks = [Reading(each, dict(settings), key, value, timeout) for each in planned]
    parts = [delayed(run, pure=True)(_packed(task), dask_key_name=_key("read-kafka", task)) for task in tasks]
    return from_delayed(parts or [delayed([], pure=True)])


def read_kafka_dataframe(
    topic: str,
    settings: Mapping[str, Any],
    *,
    ranges: Sequence[OffsetRange] | None = None,
    key: Codec = "bytes",
    value: Codec = "bytes",
    fields: Mapping[str, str] | None = None,
    start: Start = "earliest",
    end: End = "latest",
    group: str | None = None,
    size: int = 100_000,
    timeout: float = 60.0,
) -> DataFrame:
    """Return a topic as a dataframe; a range of offsets is a partition of it, and a task.

    Its columns are ``partition``, ``offset``, ``timestamp`` (UTC) and ``key``, and one for each field, or ``value``.

    Args:
        topic, settings, ranges, key, value, start, end, group, size, timeout: as for `read_kafka`.
        fields: name → dtype, where values are mappings (JSON objects, for example): what they have under that name,
            or nothing; a tombstone has none of them. Types that know of nothing are of use: ``Int64``, not
            ``int64``. With `Avro` all of the record's fields where none are named; ``{}`` for none.

    Raises:
        ValueError: a field is called as a column that is there anyway, or the Avro schema is no record's.
        KafkaRangesError, ModuleNotFoundError: as `read_kafka`.
    """
    from dask.dataframe import from_map

    from dask_kafka_ranges import frames
    from dask_kafka_ranges.codecs import Avro
    from dask_kafka_ranges.values import OffsetRange

    if fields is None and isinstance(value, Avro):
        fields = frames.fields_of(value)
    chosen = None if fields is None else frames.checked(fields)
    planned = _planned(topic, settings, ranges, start, end, group, size) or (OffsetRange(topic, 0, 0, 0),)
    tasks = [frames.FrameReading(Reading(each, dict(settings), key, value, timeout), chosen) for each in planned]
    # Dask takes every column of objects for text; these are bytes, or whatever a codec makes
    with dask.config.set({"dataframe.convert-string": False}):
        return from_map(
            _on_worker("dask_kafka_ranges.frames"),
            [_packed(task) for task in tasks],
            meta=frames.empty(chosen),
            label="read-kafka",
        )


def to_kafka(
    collection: Bag | DataFrame,
    topic: str,
    settings: Mapping[str, Any],
    *,
    key: Codec = "bytes",
    value: Codec = "bytes",
    key_column: str | None = None,
    ranges: Sequence[OffsetRange] | None = None,
    group: str | None = None,
    timeout: float = 60.0,
) -> Delayed:
    """Write a collection to a topic, each of its partitions by a task.

    With ``ranges`` and ``group``, exactly once: the messages that a range has become, and the group's offset behind
    it, are one transaction. A task that is run again, as its worker is gone, finds that it has been done, or ends what
    the other one began and does it. A whole job that is run again goes on where the group is, if it plans its ranges
    with the same ``group``. Ranges of one partition are written one after the other, in their order. Who reads the
    topic sees no part of it early, with ``isolation.level=read_committed``.

    Without, at least once: a task that is run again writes again.

    Args:
        collection: a bag of `Outgoing`, `Record` (without its partition), or bare values; or a dataframe, whose rows
            are mappings, column → value. With ranges, it has one partition for each of them, in their order, and each
            is made of that range alone: map, filter and their like, but nothing that mixes partitions.
        topic: where to; it exists.
        settings: librdkafka's.
        key, value: what messages are encoded as.
        key_column: of a dataframe, the column that is the key; it is not in the value then.
        ranges: what the collection was read from.
        group: the consumer group whose offsets are the checkpoint; nothing else may commit to it. Kafka forgets the
            offsets of a group without members after the broker's ``offsets.retention.minutes`` (a week).
        timeout: seconds that the broker may take for each step of a task.

    Returns:
        What computes to a list of `Written`, one for each partition of the collection.

    Raises:
        ValueError: only one of ``ranges`` and ``group``, or ranges that do not go with the collection's partitions.
        KafkaRangesError: when it is computed, see `writing.run`.
        ModuleNotFoundError: when it is computed, on a worker without this package; names the worker.
    """
    task = Writing(topic, dict(settings), key, value, key_column=key_column, timeout=timeout)
    if (ranges is None) != (group is None):
        raise ValueError("ranges and group go together: what was read, and where it is noted that it has been written")
    parts = collection.to_delayed()
    run = delayed(_on_worker("dask_kafka_ranges.writing"), pure=True)
    if ranges is None or group is None:
        plain = _packed(task)
        return delayed(
            [run(plain, part, None, dask_key_name=f"to-kafka-{tokenize(plain, part.key)}") for part in parts]
        )
    _require_chains(ranges, parts)
    written: list[Delayed] = []
    before: dict[int, Delayed] = {}
    for where, part in zip(ranges, parts, strict=False):
        packed = _packed(replace(task, range=where, group=group, first=where.partition not in before))
        name = f"to-kafka-{tokenize(packed, part.key)}"
        before[where.partition] = run(packed, part, before.get(where.partition), dask_key_name=name)
        written.append(before[where.partition])
    return delayed(written)


def _require_chains(ranges: Sequence[OffsetRange], parts: Sequence[Delayed]) -> None:
    if ranges and len(ranges) != len(parts):
        raise ValueError(f"{len(ranges)} ranges do not go with {len(parts)} partitions of the collection")
    chains: dict[tuple[str, int], list[OffsetRange]] = {}
    for each in ranges:
        chains.setdefault(each[:2], []).append(each)
    for chain in chains.values():
        for one, other in pairwise(chain):
            if one.end != other.start:
                raise ValueError(f"{other} does not go on where {one} ends")
    if len({each.topic for each in ranges}) > 1:
        raise ValueError("the ranges are of several topics")


def _planned(
    topic: str,
    settings: Mapping[str, Any],
    ranges: Sequence[OffsetRange] | None,
    start: Start,
    end: End,
    group: str | None,
    size: int,
) -> tuple[OffsetRange, ...]:
    if ranges is None:
        return plan_ranges(topic, settings, start=start, end=end, group=group, size=size)
    return tuple(ranges)


def _key(label: str, task: Reading) -> str:
    return f"{label}-{task.range.topic}-{task.range.partition}-{task.range.start}-{tokenize(_packed(task))}"


def _packed(task: Any) -> bytes:
    """Return a task as bytes, which a worker without this package can take, too."""
    packed: bytes = cloudpickle.dumps(task)
    return packed


def _on_worker(module: str) -> Callable[..., Any]:
    """Return a function that runs a task by a module of this package.

    It is a nested one, and needs nothing of ours, so cloudpickle sends it by value: it is there on a worker that lacks
    the package, and can say so. A function of the package would fail where no task has begun.
    """

    def run(packed: bytes, *arguments: Any) -> Any:
        import importlib
        import os
        import pickle
        import socket

        try:
            work = importlib.import_module(module).run
        except ImportError as error:
            raise ModuleNotFoundError(
                f"the worker on {socket.gethostname()} (process {os.getpid()}) cannot use dask-kafka-ranges: {error}; "
                "install the package where the workers run"
            ) from None
        return work(pickle.loads(packed), *arguments)  # noqa: S301  (Dask's own means; it comes from our client)

    return run
