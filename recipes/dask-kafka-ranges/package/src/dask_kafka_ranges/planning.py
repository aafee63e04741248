"""Which offsets are read: fixed when the graph is made, so that a task that is run again reads the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from dask_kafka_ranges import asking
from dask_kafka_ranges.errors import OffsetOutOfRange, TopicNotThere
from dask_kafka_ranges.values import OffsetRange

Start: TypeAlias = Literal["earliest"] | Mapping[int, int]
End: TypeAlias = Literal["latest"] | Mapping[int, int]


def plan_ranges(
    topic: str,
    settings: Mapping[str, Any],
    *,
    start: Start = "earliest",
    end: End = "latest",
    group: str | None = None,
    size: int = 100_000,
    timeout: float = 120.0,
) -> tuple[OffsetRange, ...]:
    """Ask the broker how far each partition reaches, and cut that into ranges.

    Args:
        topic: its name.
        settings: librdkafka's, for example ``{"bootstrap.servers": "localhost:9092"}``. With
            ``isolation.level=read_uncommitted``, messages of open and aborted transactions are in.
        start: the first offsets, partition → offset; a partition that is not named begins with what it still has.
        end: the offsets behind the last ones, partition → offset; a partition that is not named ends with what it has
            now. Nothing behind it is read later on either.
        group: where this group has committed an offset, that is the start: what `to_kafka` has done is not done again.
        size: how many offsets a range has at most.
        timeout: seconds that each question may take. What a transaction under way may commit for the group is waited
            for; one whose job has been killed is ended by the broker after its ``transaction.timeout.ms`` (a minute),
            if nobody takes it over.

    Returns:
        The ranges that are not empty, by partition and offset.

    Raises:
        TopicNotThere: the topic does not exist, or a partition that is named.
        OffsetOutOfRange: a start or an end is not in its partition: retention has passed it, or it is yet to come.
        BrokerNotThere: nobody answers.
        ValueError: ``size`` is below one.
    """
    if size < 1:
        raise ValueError(f"a range has at least one offset, not {size}")
    starts, ends = ({} if isinstance(each, str) else dict(each) for each in (start, end))
    with asking.consumer(settings, group) as asked:
        partitions = asking.partitions_of(asked, topic, timeout)
        for partition in sorted({*starts, *ends} - {*partitions}):
            raise TopicNotThere("the topic has no such partition", topic, partition)
        if group:
            done = asking.committed(asked, topic, partitions, timeout)
            starts |= {partition: offset for partition, offset in done.items() if offset is not None}
        ranges: list[OffsetRange] = []
        for partition in partitions:
            low, high = asking.bounds(asked, topic, partition, timeout)
            first, last = starts.get(partition, low), ends.get(partition, high)
            for offset in (first, last):
                if not low <= offset <= high:
                    raise OffsetOutOfRange(f"the partition has offsets {low} to {high}", topic, partition, offset)
            ranges += [
                OffsetRange(topic, partition, begin, min(begin + size, last)) for begin in range(first, last, size)
            ]
    return tuple(ranges)
