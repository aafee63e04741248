"""Client settings ready to paste: the same ones in the words of each client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge.brokers.kerberos.realm import SERVICE
from kafka_forge.brokers.security.listening import by_keytab, quoted
from kafka_forge.brokers.security.plan import GSSAPI, OAUTHBEARER, PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers.kerberos import Ticket

CLIENTS = ("librdkafka", "pykafka", "kafka-python", "java")
"""librdkafka's are confluent-kafka's, too."""
_WITHOUT = {"pykafka": (OAUTHBEARER, GSSAPI)}
"""Client → mechanisms that it does not have."""
_REALM = """\
import os

os.environ["KRB5_CONFIG"] = {config!r}
"""
"""Of MIT's Kerberos, and to be set before the first connection: it looks at its environment then."""
_KEYTAB = """\
os.environ["KRB5_CLIENT_KTNAME"] = {keytab!r}
"""
_KINIT = """\
# kinit gets the tickets: librdkafka runs it (sasl.kerberos.kinit.cmd). To do without:
# os.environ["KRB5_CLIENT_KTNAME"] = {keytab!r}
# settings["sasl.kerberos.kinit.cmd"] = "true"
"""
_TOKEN = """\
import base64, json, time
from kafka.net.sasl.oauth import AbstractTokenProvider  # before kafka-python 3: kafka.sasl.oauth

class Token(AbstractTokenProvider):
    def token(self):  # a JWS without a signature
        def part(claims):
            return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        now = time.time()
        return part({"alg": "none"}) + "." + part({"sub": %s, "iat": now, "exp": now + 3600}) + "."

"""


@dataclass(frozen=True, slots=True)
class Access:
    """How one user reaches a listener.

    Attributes:
        addresses: ``HOST:PORT,…``.
        protocol: the security protocol.
        user: the user's name.
        password: the user's.
        mechanism: of SASL; None where there is none.
        ca: the authority's certificate; None without TLS.
        certificate: the user's own; None where users are known by SASL, or not at all.
        key: the private key for it.
        ticket: how the user gets tickets of Kerberos; None for mechanisms that take none.
    """

    addresses: str
    protocol: str
    user: str
    password: str = field(repr=False)
    mechanism: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    ticket: Ticket | None = None


def settings(access: Access) -> dict[str, str]:
    """Return librdkafka's settings, as its CONFIGURATION.md has them; confluent-kafka's are the same."""
    told = {"bootstrap.servers": access.addresses, "security.protocol": access.protocol}
    if access.ca:
        told["ssl.ca.location"] = str(access.ca)
    if access.certificate and access.key:
        told |= {"ssl.certificate.location": str(access.certificate), "ssl.key.location": str(access.key)}
    if access.mechanism == OAUTHBEARER:
        told |= {
            "sasl.mechanism": OAUTHBEARER,
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": f"principal={access.user}",
        }
    elif access.ticket:
        told |= {
            "sasl.mechanism": GSSAPI,
            "sasl.kerberos.service.name": SERVICE,
            "sasl.kerberos.principal": access.ticket.principal,
            "sasl.kerberos.keytab": str(access.ticket.keytab),
        }
    elif access.mechanism:
        told |= {
            "sasl.mechanism": access.mechanism,
            "sasl.username": access.user,
            "sasl.password": access.password,
        }
    return told


def text(client: str, access: Access) -> str | None:
    """Return the settings in the words of a client of `CLIENTS`; None where it has no such mechanism.

    Python's are assignments: to ``settings`` for confluent-kafka and kafka-python, to ``client`` for pykafka. Java's
    are lines of a properties file.
    """
    if access.mechanism in _WITHOUT.get(client, ()):
        return None
    if client == "java":
        return _java(access)
    if client == "pykafka":
        return _pykafka(access)
    if client == "kafka-python":
        return _told(_REALM + _KEYTAB, access) + _kafka_python(access)
    return f"{_told(_REALM, access)}settings = {_literal(settings(access))}\n{_told(_KINIT, access)}"


def _told(words: str, access: Access) -> str:
    """Return words about Kerberos with the user's files in them; nothing where the user needs no tickets."""
    ticket = access.ticket
    return words.format(config=str(ticket.config), keytab=str(ticket.keytab)) if ticket else ""


def _literal(values: dict[str, str]) -> str:
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in values.items())
    return f"{{\n{lines}}}"


def _pykafka(access: Access) -> str:
    imports, arguments = ["from pykafka import KafkaClient"], [f"hosts={access.addresses!r}"]
    if access.ca:
        imports.append("from pykafka.connection import SslConfig")
        files = [str(each) for each in (access.ca, access.certificate, access.key) if each]
        arguments.append(f"ssl_config=SslConfig({', '.join(map(repr, files))})")
    if access.mechanism:
        kind = "PlainAuthenticator" if access.mechanism == PLAIN else "ScramAuthenticator"
        named = [] if access.mechanism == PLAIN else [access.mechanism]
        imports.append(f"from pykafka.sasl_authenticators import {kind}")
        told = ", ".join(map(repr, [*named, access.user, access.password]))
        arguments.append(f"sasl_authenticator={kind}({told})")
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return "\n".join(imports) + f"\n\nclient = KafkaClient(\n{lines})\n"


def _kafka_python(access: Access) -> str:
    told: dict[str, str] = {
        "bootstrap_servers": repr(access.addresses.split(",")),
        "security_protocol": repr(access.protocol),
    }
    if access.ca:
        told["ssl_cafile"] = repr(str(access.ca))
    if access.certificate and access.key:
        told |= {"ssl_certfile": repr(str(access.certificate)), "ssl_keyfile": repr(str(access.key))}
    before = ""
    if access.mechanism:
        told["sasl_mechanism"] = repr(access.mechanism)
        if access.mechanism == OAUTHBEARER:
            before, told["sasl_oauth_token_provider"] = _TOKEN % json.dumps(access.user), "Token()"
        elif access.ticket:
            before, told["sasl_kerberos_service_name"] = "# takes the package gssapi (python-gssapi)\n", repr(SERVICE)
        else:
            told |= {"sasl_plain_username": repr(access.user), "sasl_plain_password": repr(access.password)}
    lines = "".join(f"    {name}={value},\n" for name, value in told.items())
    return f"{before}settings = dict(\n{lines})\n"


def _java(access: Access) -> str:
    told = {"bootstrap.servers": access.addresses, "security.protocol": access.protocol}
    if access.ca:
        told |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": access.ca.as_posix()}
    if access.certificate:  # one file with both, as Kafka wants it (KIP-651)
        both = access.certificate.with_suffix(".both.pem")
        told |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": both.as_posix()}
    before = ""
    if access.mechanism:
        told["sasl.mechanism"] = access.mechanism
        told["sasl.jaas.config"] = by_keytab(access.ticket) if access.ticket else _jaas(access)
    if access.ticket:
        before = f"# java -Djava.security.krb5.conf={access.ticket.config}\n"
        told["sasl.kerberos.service.name"] = SERVICE
    return before + "".join(f"{name}={value}\n" for name, value in told.items()).replace("\\", "\\\\")


def _jaas(access: Access) -> str:
    login = "org.apache.kafka.common.security"
    if access.mechanism == OAUTHBEARER:
        who = f"unsecuredLoginStringClaim_sub={quoted(access.user)}"
        return f"{login}.oauthbearer.OAuthBearerLoginModule required {who};"
    module = "plain.PlainLoginModule" if access.mechanism == PLAIN else "scram.ScramLoginModule"
    return f"{login}.{module} required username={quoted(access.user)} password={quoted(access.password)};"
