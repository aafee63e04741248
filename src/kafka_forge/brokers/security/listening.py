"""What a broker is told about secured listeners: Kafka's settings, with the files and passwords of this run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.brokers.kerberos.realm import SERVICE
from kafka_forge.brokers.ports import HOST
from kafka_forge.brokers.security.plan import GSSAPI, OAUTHBEARER, PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.brokers.kerberos import Realm, Ticket
    from kafka_forge.brokers.security.plan import Listener, Plan

_LOGIN = "org.apache.kafka.common.security"
_PLAIN = f"{_LOGIN}.plain.PlainLoginModule"
_SCRAM = f"{_LOGIN}.scram.ScramLoginModule"
_OAUTHBEARER = f"{_LOGIN}.oauthbearer.OAuthBearerLoginModule"
_KERBEROS = "com.sun.security.auth.module.Krb5LoginModule"
_UNSECURED = f"{_LOGIN}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
_COMMON_NAME = "RULE:^CN=([^,]+).*$/$1/,DEFAULT"
"""A client's certificate names its user by its common name (KIP-371)."""


def properties(
    told: Mapping[str, str],
    plan: Plan,
    ports: Mapping[str, int],
    ca: Path,
    keystores: Mapping[str, Path],
    realm: Realm | None = None,
) -> dict[str, str]:
    """Return a broker's settings with the listeners of the plan added to those that it has.

    Args:
        told: ``server.properties`` so far; its own listeners stay, for the broker and the toolkit themselves.
        plan: what to add.
        ports: listener → TCP port on the loopback address.
        ca: the authority's certificate; clients' are held against it.
        keystores: listener → file with key and certificate, for those with TLS.
        realm: that of Kerberos, for those with GSSAPI.
    """
    added = {name: f"{name}://{HOST}:{port}" for name, port in ports.items()}
    kinds = [f"{listener.name}:{listener.protocol}" for listener in plan.listeners]
    values = {
        **told,
        "listeners": ",".join([told["listeners"], *added.values()]),
        "advertised.listeners": ",".join([told["advertised.listeners"], *added.values()]),
        "listener.security.protocol.map": ",".join([told["listener.security.protocol.map"], *kinds]),
    }
    for listener in plan.listeners:
        prefix = f"listener.name.{listener.name.lower()}."
        own = {**_tls(listener, ca, keystores, plan), **_sasl(listener, plan, realm), **listener.settings}
        values |= {f"{prefix}{name}": value for name, value in own.items()}
    return values | (_acl() if plan.acl else {})


def _tls(listener: Listener, ca: Path, keystores: Mapping[str, Path], plan: Plan) -> dict[str, str]:
    if not listener.tls:
        return {}
    told = {"ssl.keystore.type": "PEM", "ssl.keystore.location": keystores[listener.name].as_posix()}
    if not listener.mechanisms:
        told |= {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": ca.as_posix(),
            "ssl.client.auth": "required" if plan.acl else "requested",
            "ssl.principal.mapping.rules": _COMMON_NAME,
        }
    return told


def _sasl(listener: Listener, plan: Plan, realm: Realm | None) -> dict[str, str]:
    if not listener.mechanisms:
        return {}
    told = {"sasl.enabled.mechanisms": ",".join(listener.mechanisms)}
    for mechanism in listener.mechanisms:
        prefix = mechanism.lower()
        if mechanism == PLAIN:
            known = " ".join(f"user_{name}={quoted(password)}" for name, password in plan.users.items())
            told[f"{prefix}.sasl.jaas.config"] = f"{_PLAIN} required {known};"
        elif mechanism == OAUTHBEARER:  # by tokens without a signature: whoever comes is who he says
            told[f"{prefix}.sasl.jaas.config"] = f'{_OAUTHBEARER} required unsecuredLoginStringClaim_sub="broker";'
            told[f"{prefix}.sasl.server.callback.handler.class"] = _UNSECURED
        elif mechanism == GSSAPI:
            assert realm is not None
            told |= {f"{prefix}.sasl.jaas.config": by_keytab(realm.broker), "sasl.kerberos.service.name": SERVICE}
        else:  # the users and their keys are in the cluster's metadata
            told[f"{prefix}.sasl.jaas.config"] = f"{_SCRAM} required;"
    return told


def _acl() -> dict[str, str]:
    """Return the authorizer; without an entry that allows it, nothing is allowed.

    The brokers themselves, and the toolkit, come by a listener without users, on the loopback address alone.
    """
    return {
        "authorizer.class.name": _AUTHORIZER,
        "super.users": "User:ANONYMOUS;User:admin",
        "allow.everyone.if.no.acl.found": "false",
    }


def by_keytab(ticket: Ticket) -> str:
    """Return how Java logs in with the key of a keytab, as JAAS takes it (Kafka's documentation, "SASL/Kerberos")."""
    options = {"useKeyTab": "true", "storeKey": "true", "useTicketCache": "false"}
    told = {**options, "keyTab": quoted(ticket.keytab.as_posix()), "principal": quoted(ticket.principal)}
    return f"{_KERBEROS} required {' '.join(f'{name}={value}' for name, value in told.items())};"


def quoted(text: str) -> str:
    r"""Return a text as JAAS takes it.

    >>> print(quoted('it, "is" me'))
    "it, \"is\" me"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
