"""Cases of managed groups inside the environment of pykafka, in both modes: CASE ADDRESS ARGUMENTS(JSON).

Standard library and pykafka only: test_pykafka_groups.py runs it. The last line of its output is the answer, in JSON.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 60  # until what must come has come, on a busy machine
_clients: list[Any] = []  # a topic does not keep its client alive


def topic_of(address: str, name: str, **settings: Any) -> Any:
    """The topic, through a client of its own."""
    client = KafkaClient(address, **settings)
    _clients.append(client)
    return client.topics[name.encode()]


@contextlib.contextmanager
def members(group: str, use_rdkafka: bool, *topics: Any) -> Iterator[list[Any]]:
    """Members of a group, one for each of the topics, which may be one topic again and again."""
    started: list[Any] = []
    try:
        for topic in topics:
            member = topic.get_balanced_consumer(
                group.encode(),
                managed=True,
                use_rdkafka=use_rdkafka,
                consumer_timeout_ms=300,
                heartbeat_interval_ms=200,
            )
            started.append(member)
        yield started
    finally:
        for member in started:
            member.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def owned(member: Any) -> list[int]:
    return sorted(member.partitions)


def read(group: list[Any], count: int) -> list[list[int]]:
    """What each member reads until all have read `count` messages together, and then nothing for a while."""
    values: list[list[int]] = [[] for _ in group]
    deadline = time.monotonic() + SECONDS
    while sum(map(len, values)) < count and time.monotonic() < deadline:
        for member, mine in zip(group, values, strict=True):
            mine.extend(int(message.value) for message in member)
    for member, mine in zip(group, values, strict=True):
        mine.extend(int(message.value) for message in member)
    return [sorted(mine) for mine in values]


def write(topic: Any, numbers: range) -> None:
    with topic.get_producer(linger_ms=1) as producer:
        for number in numbers:
            producer.produce(b"%d" % number)


def two_topics(address: str, group: str, topics: list[str], count: int, use_rdkafka: bool) -> list[Any]:
    """Two members on each of two topics with two partitions, one group: what each owns, and what each topic's read."""
    one, other = (topic_of(address, name) for name in topics)
    for topic in (one, other):
        write(topic, range(count))
    with members(group, use_rdkafka, one, other, one, other) as joined:
        until(lambda: all(len(member.partitions) == 1 for member in joined))
        partitions = [owned(member) for member in joined]
        first, second, third, fourth = read(joined, 2 * count)
    return [partitions, sorted(first + third), sorted(second + fourth)]


def stale_member(address: str, group: str, topic: str, count: int, use_rdkafka: bool) -> list[Any]:
    """A member that is assigned a partition which it has not heard of: the leader of the group has.

    Standard input gives a line when the topic has its second partition.
    """
    stale = topic_of(address, topic)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    fresh = topic_of(address, topic)
    known = sorted(stale.partitions)
    write(fresh, range(count))
    with members(group, use_rdkafka, fresh, stale) as joined:
        until(lambda: all(len(member.partitions) == 1 for member in joined))
        partitions = [owned(member) for member in joined]
        values = read(joined, count)
    return [known, sorted(partitions), sorted(values[0] + values[1])]


def growing_topic(address: str, group: str, topic: str, count: int, use_rdkafka: bool) -> list[Any]:
    """A member and a consumer outside of the group read a topic that gets a second partition while they do.

    Standard input gives a line when it has. What is written then goes to both partitions by a client of its own.
    """
    found = topic_of(address, topic, metadata_max_age_ms=500)
    write(found, range(count))
    simple = found.get_simple_consumer(use_rdkafka=use_rdkafka, consumer_timeout_ms=300)
    grouped = found.get_simple_consumer(
        b"simple-" + group.encode(), use_rdkafka=use_rdkafka, consumer_timeout_ms=300, auto_offset_reset=-1
    )
    with members(group, use_rdkafka, found) as (member,):
        before = [read([each], count)[0] for each in (member, simple)]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        write(topic_of(address, topic), range(count, 2 * count))
        after = [read([each], count)[0] for each in (member, simple, grouped)]
        until(lambda: owned(member) == owned(simple) == [0, 1])
    simple.stop()
    grouped.stop()
    return [before, after]


def main() -> None:
    """Run the one function that has the case's name."""
    logging.basicConfig(level=logging.ERROR)
    case, address, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[case](address, **json.loads(arguments))) + "\n")


if __name__ == "__main__":
    main()
