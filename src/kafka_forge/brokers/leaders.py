"""Who leads: the controllers' quorum, and each partition; and how a partition gets another leader while all live.

DescribeQuorum (key 55, KIP-595), AlterPartitionReassignments (key 45, KIP-455) and ElectLeaders (key 43, KIP-460) are
asked directly: the toolkit's client has not all of them. Every broker hands them on to the active controller.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
import time
from typing import TYPE_CHECKING

from kafka_forge.brokers import admin, protocol
from kafka_forge.errors import ScenarioBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kafka_forge.brokers.admin import Partition
    from kafka_forge.brokers.protocol import Reader

_ELECT_LEADERS, _ALTER_PARTITION_REASSIGNMENTS, _DESCRIBE_QUORUM = 43, 45, 55
_METADATA_TOPIC = "__cluster_metadata"
_SECONDS = 30.0
_POLL_SECONDS = 0.1


def controller(address: str, seconds: float = 10.0) -> int:
    """Return the node id of the active controller, as a broker at ``HOST:PORT`` knows it.

    Raises:
        ScenarioBroken: for so many seconds nobody answers, or there is none.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return _controller(address, seconds)
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
                raise _refused(address, f"the active controller cannot be told: {error}") from error
        time.sleep(_POLL_SECONDS)


def _controller(address: str, seconds: float) -> int:
    partition = struct.pack(">i", 0) + protocol.NO_TAGS
    topic = protocol.text(_METADATA_TOPIC) + protocol.array([partition]) + protocol.NO_TAGS
    reader = protocol.ask(address, _DESCRIBE_QUORUM, 0, protocol.array([topic]) + protocol.NO_TAGS, seconds)
    if error := reader.number(2):
        raise ValueError(f"the broker answers with error {error}")
    if reader.varint() != 2 or reader.text() != _METADATA_TOPIC or reader.varint() != 2:
        raise ValueError("the answer is not about the one partition that was asked for")
    reader.number(4)
    if error := reader.number(2):
        raise ValueError(f"the partition has error {error}")
    leader = reader.number(4)
    if leader < 0:
        raise ValueError("there is none just now")
    return leader


def move(address: str, topics: Sequence[str], seconds: float = _SECONDS) -> list[tuple[str, int, int, int]]:
    """Give every partition of these topics another of its copies as its leader.

    The order of the copies is turned, as ``kafka-reassign-partitions`` would, so that another one is preferred; then
    the preferred one is elected, as ``kafka-leader-election`` would. No data moves.

    Args:
        address: ``HOST:PORT`` of a plain listener.
        topics: the topics; their partitions have at least two copies.
        seconds: for all of it.

    Returns:
        Topic, partition, and the node ids of its old and its new leader.

    Raises:
        BrokerDied: nobody answers.
        ScenarioBroken: the cluster refuses, or the new leaders do not come in time.
    """
    deadline = time.monotonic() + seconds
    before = admin.describe_partitions(address, topics)
    wanted = {place: _turned(found) for place, found in before.items()}
    _until(deadline, address, lambda: _reassign(address, wanted))

    def elected() -> str | None:
        now = admin.describe_partitions(address, topics)
        if any(now[place].copies == copies and now[place].leader != copies[0] for place, copies in wanted.items()):
            _elect_preferred(address, list(wanted))
        waiting = [place for place, copies in wanted.items() if now[place].leader != copies[0]]
        return f"{len(waiting)} partitions got no other leader, such as {waiting[0]}" if waiting else None

    _until(deadline, address, elected)
    return [(*place, before[place].leader, copies[0]) for place, copies in wanted.items()]


def _turned(found: Partition) -> tuple[int, ...]:
    """Return a partition's copies in an order that prefers another one than its present leader."""
    turned = (*found.copies[1:], found.copies[0])
    return (*turned[1:], turned[0]) if turned[0] == found.leader else turned


def _until(deadline: float, address: str, attempt: Callable[[], str | None]) -> None:
    """Try until there is nothing to complain about any more."""
    while problem := attempt():
        if time.monotonic() > deadline:
            raise _refused(address, problem)
        time.sleep(_POLL_SECONDS)


def _reassign(address: str, wanted: Mapping[tuple[str, int], Sequence[int]]) -> str | None:
    """Ask for these orders of copies; return why not, or None."""
    rows = []
    for topic, group in itertools.groupby(sorted(wanted), key=lambda place: place[0]):
        partitions = [
            struct.pack(">i", number)
            + protocol.array([struct.pack(">i", copy) for copy in wanted[topic, number]])
            + protocol.NO_TAGS
            for _, number in group
        ]
        rows.append(protocol.text(topic) + protocol.array(partitions) + protocol.NO_TAGS)
    body = struct.pack(">i", 10_000) + protocol.array(rows) + protocol.NO_TAGS
    try:
        return _problem(protocol.ask(address, _ALTER_PARTITION_REASSIGNMENTS, 0, body))
    except (OSError, ValueError) as error:
        return str(error)


def _problem(reader: Reader) -> str | None:
    """Return the first error in the answer to a reassignment."""
    reader.take(4)  # throttle time
    code, text = reader.number(2), reader.text()
    found = [f"error {code}: {text}"] if code else []
    for _ in range(reader.varint() - 1):
        topic = reader.text()
        for _ in range(reader.varint() - 1):
            number, code, text = reader.number(4), reader.number(2), reader.text()
            found += [f"{topic}/{number} has error {code}: {text}"] if code else []
            reader.tags()
        reader.tags()
    return found[0] if found else None


def _elect_preferred(address: str, places: Sequence[tuple[str, int]]) -> None:
    """Ask for the election of preferred leaders; whether it came about, metadata tells."""
    rows = [
        protocol.text(topic) + protocol.array([struct.pack(">i", number) for _, number in group]) + protocol.NO_TAGS
        for topic, group in itertools.groupby(sorted(places), key=lambda place: place[0])
    ]
    body = b"\0" + protocol.array(rows) + struct.pack(">i", 10_000) + protocol.NO_TAGS  # 0 is PREFERRED (KIP-460)
    with contextlib.suppress(OSError, ValueError):
        protocol.ask(address, _ELECT_LEADERS, 2, body)


def _refused(address: str, what: str) -> ScenarioBroken:
    return ScenarioBroken(what, where=address, todo="see that all brokers are up, then run the same command again.")
