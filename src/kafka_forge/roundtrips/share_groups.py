"""Share groups (KIP-932) as the broker has them: what is set before one is used, and what became of its messages.

The share coordinator keeps, for each partition, where the group starts and the state of the messages from there on:
DescribeShareGroupOffsets (key 90) and ReadShareGroupState (key 84), asked directly, for the toolkit's client has
neither. A group's settings are those of the reference of group configurations, as the resource GROUP.
"""

from __future__ import annotations

import base64
import struct
import time
import uuid
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers import admin, protocol
from kafka_forge.errors import ScenarioBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kafka_forge.brokers.protocol import Reader
    from kafka_forge.values.model import JsonObject

_FIND_COORDINATOR, _READ_SHARE_GROUP_STATE, _DESCRIBE_SHARE_GROUP_OFFSETS = 10, 84, 90
_OF_GROUPS, _OF_SHARES = 0, 2
"""The kinds of coordinators (FindCoordinator, version 6)."""
_STATES = {0: "available", 2: "acknowledged", 4: "archived"}
"""By Kafka's ReadShareGroupStateResponse.json: a rejected message is archived, and one that was released too often."""
_NOT_YET = {14, 15, 16}
"""Errors that pass: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR."""
_SECONDS = 60.0
_COORDINATOR_SECONDS = 120.0
_WATCH = 1.0
_POLL = 0.1
_EARLIEST = {"share.auto.offset.reset": "earliest"}
_SHORT_LOCK = {"share.record.lock.duration.ms": "3000"}


class _RefusedError(ValueError):
    """An answer that is an error.

    Attributes:
        code: Kafka's number of it.
    """

    def __init__(self, code: int, words: str | None) -> None:
        super().__init__(f"error {code}: {words}")
        self.code = code


def configure(address: str, groups: Mapping[str, str], watch: Callable[[], None] = lambda: None) -> None:
    """Set what share groups need that have no members yet; one that no broker takes is the client's to tell.

    They begin with the first message, where by default they begin with the next one. In `lapsed` a message that is not
    answered is another member's after 3 seconds, not 30, unless the broker allows no such time
    (``group.share.min.record.lock.duration.ms``).

    Args:
        address: the broker's ``HOST:PORT``.
        groups: mode and case → their ids.
        watch: is called every second; what it raises ends the waiting.
    """
    taken = _set(address, dict.fromkeys(groups.values(), _EARLIEST), watch)
    if taken:
        _await_coordinator(address, watch)
    impatient = [group for each, group in groups.items() if each.endswith("/lapsed") and group in taken]
    _set(address, dict.fromkeys(impatient, _SHORT_LOCK), watch)


def state(address: str, group: str, watch: Callable[[], None] = lambda: None) -> JsonObject:
    """Return what became of the messages of a group that has read the one partition of the topic of its own name.

    Args:
        address: the broker's ``HOST:PORT``; this one and those that it names have plain listeners.
        group: the group's id, and the topic's name.
        watch: see `configure`.

    Returns:
        ``start``: all messages before it are done with; the broker may be late in noting that. ``messages``: offset,
        as text → state (``available``, ``acknowledged``, ``archived``) and number of deliveries, for those from there
        on that were delivered. ``limit``: how often one is delivered at most.

    Raises:
        ScenarioBroken: the broker does not say so within a minute.
    """
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            return {**_state(address, group), "limit": _limit(address, group, watch)}
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
                raise ScenarioBroken(
                    f"the state of the share group {group} cannot be read: {error}",
                    where=address,
                    todo="see that it has a plaintext listener, then run the same command again.",
                ) from error
        watch()
        time.sleep(_POLL)


def _set(address: str, settings: Mapping[str, Mapping[str, str]], watch: Callable[[], None]) -> set[str]:
    """Set groups' settings, and wait until the broker has them; return the groups for which it takes them."""
    from confluent_kafka.admin import (  # type: ignore[attr-defined]
        AlterConfigOpType,
        ConfigEntry,
        ConfigResource,
    )

    if not settings:
        return set()
    client = admin.client_of(address)
    resources = {group: ConfigResource(ConfigResource.Type.GROUP, group) for group in settings}
    for group, values in settings.items():
        for name, value in values.items():
            entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            resources[group].add_incremental_config(entry)
    altered = _answers(client.incremental_alter_configs(list(resources.values()), request_timeout=_SECONDS), watch)
    taken = {resource.name for resource in altered}
    awaited, deadline = set(taken), time.monotonic() + _SECONDS
    while awaited and time.monotonic() < deadline:  # a broker answers before it has heard of it itself
        for resource, found in _answers(client.describe_configs([resources[each] for each in awaited]), watch).items():
            if all(name in found and found[name].value == value for name, value in settings[resource.name].items()):
                awaited.remove(resource.name)
        time.sleep(_POLL if awaited else 0)
    return taken


def _await_coordinator(address: str, watch: Callable[[], None]) -> None:
    """Wait until share groups have a coordinator, for two minutes at most; a broker that has none says so at once.

    The topic of their state is made for the first that asks for it, which a client need not be patient enough for.
    """
    deadline = time.monotonic() + _COORDINATOR_SECONDS
    while time.monotonic() < deadline:
        try:
            _coordinator(address, _OF_SHARES, f"kafka-forge:{_text(uuid.uuid4())}:0")
        except _RefusedError as error:
            if error.code not in _NOT_YET:
                return
        except (OSError, ValueError):
            return
        else:
            return
        watch()
        time.sleep(_POLL)


def _answers(futures: Mapping[Any, Any], watch: Callable[[], None]) -> dict[Any, Any]:
    """Wait for an admin client's answers, and return those that are no errors."""
    while wait(futures.values(), _WATCH).not_done:
        watch()
    return {asked: future.result() for asked, future in futures.items() if future.exception() is None}


def _limit(address: str, group: str, watch: Callable[[], None]) -> int:
    """Return how often a message is delivered at most: the group's own setting (from 4.3 on), else its broker's."""
    from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]

    client = admin.client_of(address)
    cluster = admin.brokers_of(address, _SECONDS)
    nodes = sorted(cluster[1]) if cluster else []
    for kind, name, setting in (
        (ConfigResource.Type.GROUP, group, "share.delivery.count.limit"),
        *((ConfigResource.Type.BROKER, str(node), "group.share.delivery.count.limit") for node in nodes),
    ):
        for found in _answers(client.describe_configs([ConfigResource(kind, name)]), watch).values():
            if setting in found:
                return int(found[setting].value)
    raise ValueError("it does not tell how often a message is delivered at most")


def _state(address: str, group: str) -> JsonObject:
    topic, epoch = _partition(_coordinator(address, _OF_GROUPS, group), group)
    partition = struct.pack(">ii", 0, epoch) + protocol.NO_TAGS
    asked = topic.bytes + protocol.array([partition]) + protocol.NO_TAGS
    where = _coordinator(address, _OF_SHARES, f"{group}:{_text(topic)}:0")
    body = protocol.text(group) + protocol.array([asked]) + protocol.NO_TAGS
    reader = protocol.ask(where, _READ_SHARE_GROUP_STATE, 0, body)
    _only(reader)
    reader.take(16)  # the topic's id
    _only(reader)
    reader.take(4)  # the partition
    _check(reader)
    reader.take(4)  # the state's epoch
    start = reader.number(8)
    messages: dict[str, list[str | int]] = {}
    for _ in range(reader.varint() - 1):
        first, last, kind, count = reader.number(8), reader.number(8), reader.number(1), reader.number(2)
        reader.tags()
        messages |= {str(offset): [_STATES.get(kind, str(kind)), count] for offset in range(first, last + 1)}
    return {"start": start, "messages": messages}


def _partition(coordinator: str, group: str) -> tuple[uuid.UUID, int]:
    """Return the id of the topic that has the group's name, and its partition's leader epoch."""
    asked = protocol.text(group) + protocol.array([_topic(group)]) + protocol.NO_TAGS
    reader = protocol.ask(coordinator, _DESCRIBE_SHARE_GROUP_OFFSETS, 0, protocol.array([asked]) + protocol.NO_TAGS)
    reader.take(4)  # throttle time
    _only(reader)
    reader.text()  # the group
    _only(reader)
    reader.text()  # the topic
    topic = uuid.UUID(bytes=reader.take(16))
    _only(reader)
    reader.take(4 + 8)  # the partition, where the group starts in it
    epoch = reader.number(4)
    _check(reader)
    return topic, epoch


def _topic(name: str) -> bytes:
    return protocol.text(name) + protocol.array([struct.pack(">i", 0)]) + protocol.NO_TAGS


def _coordinator(address: str, kind: int, key: str) -> str:
    """Return ``HOST:PORT`` of the broker that keeps what is known of a group, or of a share of it."""
    body = struct.pack(">b", kind) + protocol.array([protocol.text(key)]) + protocol.NO_TAGS
    reader = protocol.ask(address, _FIND_COORDINATOR, 6, body)
    reader.take(4)  # throttle time
    _only(reader)
    reader.text()  # the key
    reader.take(4)  # the node
    host, port = reader.text(), reader.number(4)
    _check(reader)
    return f"{host}:{port}"


def _text(topic: uuid.UUID) -> str:
    """Return a topic's id as Kafka writes it."""
    return base64.urlsafe_b64encode(topic.bytes).decode().rstrip("=")


def _only(reader: Reader) -> None:
    """Expect an array with one thing in it."""
    if (found := reader.varint() - 1) != 1:
        raise ValueError(f"the answer is about {found} things, not one")


def _check(reader: Reader) -> None:
    """Expect that what follows is no error."""
    code, words = reader.number(2), reader.text()
    if code:
        raise _RefusedError(code, words)
