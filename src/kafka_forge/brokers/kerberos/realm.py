"""The realm of one run: who is in it, and what its KDC, the broker and each client are told about it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.brokers.kerberos import keytab
from kafka_forge.brokers.ports import HOST
from kafka_forge.ground.files import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "KAFKA.FORGE"
SERVICE = "kafka"
"""The brokers' name, as ``sasl.kerberos.service.name`` has it; all of a cluster are one host, and so one principal."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """How one principal gets its tickets.

    Attributes:
        principal: with its realm.
        keytab: the file with its key.
        config: its ``krb5.conf``, which names the KDC and a cache of its own for tickets: what ``KRB5_CONFIG`` is to
            be, so that the realm and the tickets of whoever runs this are left alone.
    """

    principal: str
    keytab: Path
    config: Path


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm whose KDC answers.

    Attributes:
        kdc: ``HOST:PORT`` (TCP).
        java: which Java the brokers and the KDC run on, for the user.
        broker: the principal of all brokers.
        users: user → ticket.
    """

    kdc: str
    java: str
    broker: Ticket
    users: dict[str, Ticket]


def principals(users: Iterable[str]) -> list[str]:
    """Return the principals of a realm with these users, the brokers' first."""
    return [_broker(), *users]


def _broker() -> str:
    """Return the brokers' principal, by the name that their address has on this machine, or else by the address.

    Clients come to an address, and Kerberos knows services by name. Java's look the name up, whatever krb5.conf says
    (``InetAddress.getHostName()`` in Kafka's SaslChannelBuilder), so all of them do: it is ``localhost`` most often.
    """
    name, _ = socket.getnameinfo((HOST, 0), socket.NI_NUMERICSERV)
    return f"{SERVICE}/{name.rstrip('.').lower()}"


def lay_out(folder: Path, *, keys: bytes, kdc: str, java: str, users: Iterable[str]) -> Realm:
    """Write a keytab and a ``krb5.conf`` for each principal into ``folder``, readable by this user alone.

    Args:
        folder: where to; it goes with the broker.
        keys: the keytab of all of them.
        kdc: ``HOST:PORT``.
        java: which one it is.
        users: the users' names.

    Raises:
        ValueError: ``keys`` is no keytab.
        KeyError: one of them is not in it.
        DiskFull, NotWritable: the file system refuses.
    """
    each = keytab.split(keys)

    def ticket(name: str, stem: str) -> Ticket:
        made = Ticket(f"{name}@{NAME}", folder / f"{stem}.keytab", folder / f"{stem}.krb5.conf")
        _write(made.keytab, each[made.principal])
        _write(made.config, config(kdc, folder / f"{stem}.tickets").encode())
        return made

    with explain_os_errors(folder):
        return Realm(kdc, java, ticket(_broker(), SERVICE), {user: ticket(user, f"user-{user}") for user in users})


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def config(kdc: str, cache: Path) -> str:
    """Return a ``krb5.conf`` (MIT's documentation has the names; Java takes those that it knows).

    The KDC is not asked of the DNS; a host is called by the name that belongs to its address (`_broker`).
    ``udp_preference_limit`` makes every question one by TCP, which is all that the KDC answers. There is no
    ``default_client_keytab_name``: with it, whoever names a wrong principal would get in all the same, as the one whose
    key is there.
    """
    told = {
        "default_realm": NAME,
        "dns_lookup_kdc": "false",
        "dns_lookup_realm": "false",
        "dns_canonicalize_hostname": "true",
        "rdns": "true",
        "udp_preference_limit": "1",
        "default_ccache_name": f"FILE:{cache.as_posix()}",
    }
    lines = "".join(f"    {name} = {value}\n" for name, value in told.items())
    return f"[libdefaults]\n{lines}\n[realms]\n    {NAME} = {{\n        kdc = {kdc}\n    }}\n"
