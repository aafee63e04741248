"""Users in a cluster's metadata: their SCRAM keys (KIP-554), and the ACLs that say what they may do (KIP-140)."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers.security.plan import SCRAM
from kafka_forge.errors import BrokerNotReady

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from kafka_forge.brokers.security.plan import Plan

_SECONDS = 60.0
_PAUSE = 0.2
_ITERATIONS = 4096
"""The fewest that Kafka takes (RFC 7677)."""
_ALLOWED: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "writer": [
        ("TOPIC", "*", ("CREATE", "DESCRIBE", "WRITE")),
        ("TRANSACTIONAL_ID", "*", ("DESCRIBE", "WRITE")),
        ("BROKER", "kafka-cluster", ("CREATE", "IDEMPOTENT_WRITE")),
    ],
    "reader": [("TOPIC", "*", ("DESCRIBE", "READ")), ("GROUP", "*", ("DESCRIBE", "READ"))],
}
"""User → resource type, name and operations; librdkafka calls the cluster a resource of type BROKER."""


def settle(address: str, plan: Plan) -> None:
    """Make the users of a plan known, and what they may do; return when the broker has taken it.

    Args:
        address: ``HOST:PORT`` of a listener that takes everybody.
        plan: what is wanted; without SCRAM and ACLs there is nothing to do.

    Raises:
        BrokerNotReady: the broker does not take it within a minute.
    """
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": address, "log_level": 0})
    if any(mechanism in SCRAM for listener in plan.listeners for mechanism in listener.mechanisms):
        for user, password in plan.users.items():
            for key in _keys(user, password):  # both at once would be refused as the same one twice
                _until_taken(address, functools.partial(client.alter_user_scram_credentials, [key]))
    if plan.acl:
        _until_taken(address, functools.partial(client.create_acls, _entries()))


def _keys(user: str, password: str) -> list[Any]:
    from confluent_kafka import admin

    names: Any = admin  # which does not say that it exports them
    return [
        names.UserScramCredentialUpsertion(user, names.ScramCredentialInfo(kind, _ITERATIONS), password.encode())
        for kind in (names.ScramMechanism.SCRAM_SHA_256, names.ScramMechanism.SCRAM_SHA_512)
    ]


def _entries() -> list[Any]:
    from confluent_kafka import admin

    names: Any = admin
    return [
        names.AclBinding(
            names.ResourceType[kind],
            name,
            names.ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            names.AclOperation[operation],
            names.AclPermissionType.ALLOW,
        )
        for user, allowed in _ALLOWED.items()
        for kind, name, operations in allowed
        for operation in operations
    ]


def _until_taken(address: str, ask: Callable[[], dict[Any, Future[Any]]]) -> None:
    """Ask again and again: a broker answers a moment before its cluster lets it in."""
    deadline = time.monotonic() + _SECONDS
    while error := _refused(ask()):
        if time.monotonic() > deadline:
            raise BrokerNotReady(
                f"the broker does not take its users: {error}",
                where=address,
                todo="run the same command again; see the broker's log if it stays so.",
            )
        time.sleep(_PAUSE)


def _refused(answers: dict[Any, Future[Any]]) -> str | None:
    from confluent_kafka import KafkaException

    try:
        for future in answers.values():
            future.result()
    except KafkaException as error:
        return str(error)
    return None
