"""What a broker is to be secured by: listeners with TLS and SASL mechanisms, users, and whether ACLs decide.

The names are Kafka's: "Security" in its documentation has the protocols, mechanisms and settings.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge.errors import SecurityUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLAIN = "PLAIN"
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
OAUTHBEARER = "OAUTHBEARER"
GSSAPI = "GSSAPI"
_SASL: dict[str, tuple[str, ...]] = {
    "plain": (PLAIN,),
    "scram": SCRAM,
    "oauthbearer": (OAUTHBEARER,),
    "gssapi": (GSSAPI,),
}
"""Mechanisms by the word for them on the command line."""

ROLES = {
    "admin": "may do everything (super user)",
    "writer": "may create, describe and write every topic, also idempotently and in transactions",
    "reader": "may describe and read every topic, in every group",
    "nobody": "may do nothing",
}
"""The users of ``broker start``, and what ACLs let them do."""
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Listener:
    """One port for clients.

    Attributes:
        name: of the listener: upper-case letters and digits.
        tls: whether connections are encrypted, and the broker shows a certificate.
        mechanisms: of SASL; without any, clients are who their certificate says, or nobody in particular.
        hosts: what the certificate is for.
        settings: more of the broker's settings for this listener, without its prefix.
    """

    name: str
    tls: bool = False
    mechanisms: tuple[str, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """The security protocol, as brokers and clients name it.

        >>> Listener("A", tls=True, mechanisms=("PLAIN",)).protocol, Listener("B", tls=True).protocol
        ('SASL_SSL', 'SSL')
        """
        return f"{'SASL_' if self.mechanisms else ''}{'SSL' if self.tls else 'PLAINTEXT'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a broker, or all brokers of a cluster, are to be secured.

    Attributes:
        listeners: those that clients are told; the first one is named first.
        users: user → password.
        acl: whether ACLs decide what each user may do (`ROLES`).
    """

    listeners: tuple[Listener, ...]
    users: Mapping[str, str] = field(repr=False)
    acl: bool = False

    @property
    def kerberos(self) -> bool:
        """Whether users come with tickets of Kerberos, among other ways."""
        return any(GSSAPI in listener.mechanisms for listener in self.listeners)


def chosen(*, tls: bool, sasl: Sequence[str], acl: bool) -> Plan | None:
    """Return what ``--tls``, ``--sasl`` and ``--acl`` ask for, with passwords of its own; None where nothing is asked.

    Args:
        tls: whether clients are to connect by TLS.
        sasl: words of ``plain``, ``scram``, ``oauthbearer``, ``gssapi``.
        acl: whether ACLs are to decide.

    Raises:
        SecurityUnavailable: a mechanism is not known; or ACLs without anybody to name in them.
    """
    if not (tls or sasl or acl):
        return None
    mechanisms = tuple(dict.fromkeys(each for word in sasl for each in _mechanisms(word)))
    if acl and not (tls or mechanisms):
        raise SecurityUnavailable(
            "ACLs need users, and without TLS or SASL every client is User:ANONYMOUS",
            todo="add --sasl scram, or --tls: then users have certificates.",
        )
    users = {name: secrets.token_urlsafe(12) for name in ROLES}
    return Plan((Listener("SECURED", tls, mechanisms),), users, acl)


def _mechanisms(word: str) -> tuple[str, ...]:
    if word not in _SASL:
        raise SecurityUnavailable(
            f"there is no SASL mechanism {word!r}",
            where="--sasl",
            todo=f"name some of {', '.join(_SASL)}, with commas between them.",
        )
    return _SASL[word]
