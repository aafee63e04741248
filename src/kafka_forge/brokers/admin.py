"""The little administration that a round trip needs, through confluent-kafka's AdminClient.

It is the toolkit's own client, not one that is under test.
"""

from __future__ import annotations

import time
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka_forge.errors import BrokerDied, ScenarioBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from confluent_kafka.admin import AdminClient

_SECONDS = 120.0
"""How long making or removing topics may take on a machine that is busy; that a broker has died is seen at once."""
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0


def client_of(address: str) -> AdminClient:
    """Return an admin client for ``HOST:PORT`` that writes nothing; it must outlive the futures that it gives."""
    from confluent_kafka.admin import AdminClient

    settings: dict[str, Any] = {
        "bootstrap.servers": address,
        "client.id": "kafka-forge",
        "log_level": 0,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 200,
        "error_cb": lambda _error: None,  # librdkafka would write to standard error; the calls raise anyway
    }
    return AdminClient(settings)


def cluster_id(address: str, seconds: float) -> str | None:
    """Return the id of the cluster at ``HOST:PORT``, or None if no broker of one answers within ``seconds``.

    The answer is that of a Metadata request, and there must be a broker in it: one that has started but is not yet
    registered (fenced, KIP-631) cannot take a topic.
    """
    from confluent_kafka import KafkaException

    try:
        metadata = client_of(address).list_topics(timeout=seconds)
    except KafkaException:
        return None
    return str(metadata.cluster_id) if metadata.brokers else None


def brokers_of(address: str, seconds: float) -> tuple[str, set[int]] | None:
    """Return the id of the cluster at ``HOST:PORT`` and the ids of its brokers that are up; None without an answer."""
    from confluent_kafka import KafkaException

    try:
        metadata = client_of(address).list_topics(timeout=seconds)
    except KafkaException:
        return None
    return str(metadata.cluster_id), set(metadata.brokers)


def behind(address: str, seconds: float = 5.0) -> list[str]:
    """Return the partitions with a copy that is not in sync, or without a leader, each with what is known of it.

    A cluster that does not answer within ``seconds`` gives one line that says so.
    """
    from confluent_kafka import KafkaException

    try:
        topics = client_of(address).list_topics(timeout=seconds).topics
    except KafkaException as error:
        return [str(error)]
    return [
        f"{name}/{number}: leader {each.leader}, copies {each.replicas}, in sync {each.isrs}"
        for name, topic in topics.items()
        for number, each in topic.partitions.items()
        if each.leader < 0 or len(each.isrs) < len(each.replicas)
    ]


@dataclass(frozen=True, slots=True)
class Partition:
    """What a broker's metadata says about one partition: node ids.

    Attributes:
        leader: -1 where there is none.
        copies: the preferred leader first.
        in_sync: those of the copies that are.
    """

    leader: int
    copies: tuple[int, ...]
    in_sync: tuple[int, ...]


def describe_partitions(
    address: str, topics: Collection[str], seconds: float = 10.0
) -> dict[tuple[str, int], Partition]:
    """Return topic and number → what is known of each partition of these topics.

    Raises:
        BrokerDied: nobody answers in time.
        ScenarioBroken: one of the topics does not exist.
    """
    known = _metadata(client_of(address), seconds, address)
    if missing := [topic for topic in topics if topic not in known]:
        raise ScenarioBroken(f"there is no topic {missing[0]}", where=address, todo="create it first.")
    return {
        (topic, number): Partition(found.leader, tuple(found.replicas), tuple(found.isrs))
        for topic in topics
        for number, found in known[topic].partitions.items()
    }


def create_topics(
    address: str,
    partitions: Mapping[str, int],
    timeout: float = _SECONDS,
    watch: Callable[[], None] = lambda: None,
    *,
    copies: int = 1,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Create topics and wait until each of their partitions has a leader that answers as such.

    KRaft's metadata names a leader a moment before that broker knows of it; until then it refuses messages with
    NOT_LEADER_OR_FOLLOWER. It answers ListOffsets by the same rule, so that request tells.

    Args:
        address: ``HOST:PORT``.
        partitions: topic → number of partitions.
        timeout: seconds for everything together.
        watch: is called every second; what it raises ends the waiting.
        copies: of each partition (``replication_factor``).
        settings: of each topic, such as ``min.insync.replicas``.

    Raises:
        BrokerDied: the broker does not answer in time.
        ScenarioBroken: the broker refuses (its reason is in ``details``).
    """
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

    deadline = time.monotonic() + timeout
    client = client_of(address)
    wanted = [
        NewTopic(name, num_partitions=count, replication_factor=copies, config=dict(settings or {}))
        for name, count in partitions.items()
    ]
    while wanted:
        try:
            answers = client.create_topics(wanted, operation_timeout=timeout, request_timeout=timeout)
            _settle(answers, address, "created", watch)
            break
        except ScenarioBroken as refusal:
            # A broker that has just registered may be fenced for a moment yet (KIP-631), and then takes no topic.
            fenced = all("fenced" in reason for reason in refusal.details)
            if not fenced or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
    while set(partitions) - _led(client, partitions, deadline, address, watch):
        time.sleep(_POLL_SECONDS)
    silent = {(name, number): "" for name, count in partitions.items() for number in range(count)}
    while silent := _not_answering(silent, deadline, address, watch):
        time.sleep(_POLL_SECONDS)


def ends(address: str, topic: str, partitions: int, timeout: float = 60.0) -> dict[int, int]:
    """Return partition → the offset behind the last message that can be read, as its leader says (ListOffsets).

    Raises:
        BrokerDied: not every leader answers within ``timeout`` seconds.
    """
    from confluent_kafka import KafkaException, TopicPartition
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

    deadline = time.monotonic() + timeout
    found: dict[int, int] = {}
    while missing := [number for number in range(partitions) if number not in found]:
        client = client_of(address)
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(topic, number): latest for number in missing}
        for partition, future in client.list_offsets(asked, request_timeout=5.0).items():
            try:
                found[partition.partition] = future.result().offset
            except KafkaException as error:  # noqa: PERF203
                if time.monotonic() > deadline:
                    raise _silent(address, str(error)) from error
    return found


def await_coordinator(address: str, timeout: float = _SECONDS, watch: Callable[[], None] = lambda: None) -> None:
    """Wait until consumer groups have a coordinator that answers.

    The topic of their offsets, here of one partition, is made when the first client asks for a coordinator; until it is
    led, which takes a minute on a busy machine, the answer is COORDINATOR_NOT_AVAILABLE. No client need be so patient.

    Args:
        address: ``HOST:PORT``.
        timeout: seconds.
        watch: is called every second; what it raises ends the waiting.

    Raises:
        BrokerDied: there is no answer in time.
    """
    from confluent_kafka import KafkaException

    deadline, detail = time.monotonic() + timeout, "nobody was asked in time"
    while (left := deadline - time.monotonic()) > 0:
        client = client_of(address)  # it must outlive the future
        answers = client.describe_consumer_groups(["kafka-forge"], request_timeout=min(max(left, 1.0), 5.0))
        while wait(answers.values(), _WATCH_SECONDS).not_done:
            watch()
        try:
            for answer in answers.values():
                answer.result()
        except KafkaException as error:
            detail = str(error)
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise _silent(address, f"consumer groups have no coordinator: {detail}")


def _not_answering(
    asked: Mapping[tuple[str, int], str],
    deadline: float,
    address: str,
    watch: Callable[[], None],
) -> dict[tuple[str, int], str]:
    """Return the partitions whose leader has not said yet, by ListOffsets, how far it has them; with its error.

    Each attempt has a client of its own: one that once saw no leader was seen to say so for a minute (2.16.1).
    """
    from confluent_kafka import KafkaException, TopicPartition
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

    left = deadline - time.monotonic()
    if left <= 0:
        why = next(iter(asked.values()))
        raise _silent(address, f"the leaders of {len(asked)} new partitions did not answer in time: {why}")
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    client = client_of(address)  # it must outlive the futures
    futures = client.list_offsets({TopicPartition(*each): latest for each in asked}, request_timeout=min(left, 5.0))
    while wait(futures.values(), _WATCH_SECONDS).not_done:
        watch()
    silent = {}
    for partition, future in futures.items():
        try:
            future.result()
        except KafkaException as error:  # noqa: PERF203
            silent[partition.topic, partition.partition] = str(error)
    return silent


def delete_topics(
    address: str, names: Collection[str], timeout: float = _SECONDS, watch: Callable[[], None] = lambda: None
) -> None:
    """Delete topics; one that does not exist is as good as deleted. The arguments are as for `create_topics`.

    Raises:
        BrokerDied: the broker does not answer in time.
        ScenarioBroken: the broker refuses (its reason is in ``details``).
    """
    client = client_of(address)  # it must outlive the futures
    if names:
        futures = client.delete_topics(list(names), operation_timeout=timeout, request_timeout=timeout)
        _settle(futures, address, "deleted", watch, harmless=("UNKNOWN_TOPIC_OR_PART",))


def describe_topics(address: str, timeout: float = 30.0) -> dict[str, int]:
    """Return topic → number of partitions, as the broker's metadata has them.

    Raises:
        BrokerDied: the broker does not answer in time.
    """
    return {name: len(topic.partitions) for name, topic in _metadata(client_of(address), timeout, address).items()}


def _metadata(client: AdminClient, seconds: float, address: str) -> dict[str, Any]:
    from confluent_kafka import KafkaException

    try:
        topics: dict[str, Any] = client.list_topics(timeout=max(seconds, _POLL_SECONDS)).topics
    except KafkaException as error:
        raise _silent(address, str(error)) from error
    return topics


def _led(
    client: AdminClient, partitions: Mapping[str, int], deadline: float, address: str, watch: Callable[[], None]
) -> set[str]:
    """Return the topics of which every partition has a leader; none where the broker has not answered for a second."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _silent(address, "new topics got no leader in time")
    try:
        topics = _metadata(client, min(left, _WATCH_SECONDS), address)
    except BrokerDied:
        watch()
        return set()
    ready = set()
    for name, count in partitions.items():
        found = topics[name].partitions.values() if name in topics else ()
        if len(found) == count and all(partition.leader >= 0 for partition in found):
            ready.add(name)
    return ready


def _settle(
    futures: Mapping[str, Any], address: str, done: str, watch: Callable[[], None], harmless: Collection[str] = ()
) -> None:
    """Wait for the answers about each topic: the client gives one in time, be it that there is none."""
    from confluent_kafka import KafkaException

    while wait(futures.values(), _WATCH_SECONDS).not_done:
        watch()
    refused = []
    for name, future in futures.items():
        try:
            future.result()
        except KafkaException as failure:  # noqa: PERF203
            error = failure.args[0]
            if error.name() in ("_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN", "REQUEST_TIMED_OUT"):
                raise _silent(address, str(error)) from failure
            if error.name() not in harmless:
                refused.append(f"{name}: {error}")
    if refused:
        raise ScenarioBroken(
            f"topics could not be {done}", where=address, details=refused, todo="see the broker's reasons above."
        )


def _silent(address: str, detail: str) -> BrokerDied:
    return BrokerDied(
        "the broker no longer answers",
        where=address,
        details=[detail],
        todo="see whether it still runs (`kafka-forge broker list`), then run the same command again.",
    )
