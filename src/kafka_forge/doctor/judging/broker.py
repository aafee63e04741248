"""What a broker shows: how far one gets with its listener, whom it believes, and whether messages come through."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka_forge.doctor.seen import BrokerSeen, Exchange, Seen

_EXPIRED, _NOT_YET, _MISMATCH, _NO_SUCH_ADDRESS = 10, 9, 62, 64
"""OpenSSL's X509_V_ERR_…: CERT_HAS_EXPIRED, CERT_NOT_YET_VALID, HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH."""
_FETCH, _PYKAFKAS_FETCH = "1", 2
"""API key of Fetch, and the newest version of it that pykafka 2.8.0 sends (pykafka/protocol/fetch.py)."""


def found(seen: Seen, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Give what is found; nothing without a broker."""
    broker = seen.broker
    if broker is None:
        return
    if broker.stage in ("name", "connect", "ask"):
        yield _unanswered(broker)
    if broker.listener is not None:
        yield from _tls(broker, settings)
    if broker.stage == "answers":
        yield from _sasl(broker, settings)
    if broker.topic_error and "_AUTHENTICATION" in broker.topic_error:
        yield Finding(
            id="not-let-in",
            level=Level.BROKEN,
            what="the broker does not let this user in",
            evidence=(broker.topic_error,),
            next="correct sasl.username and sasl.password, or the client's certificate",
        )
    elif broker.topic_error:
        yield Finding(
            id="no-topic-for-the-round-trips",
            level=Level.WARNING,
            what="no topic could be made on the broker, so no message was passed through it",
            evidence=(broker.topic_error,),
            next="correct what the broker says; the user must be allowed to create, write, read and delete "
            "topics named kafka-forge-doctor-…",
        )
    for exchange in seen.exchanges:
        yield from _exchange(seen, broker, exchange)


def _unanswered(broker: BrokerSeen) -> Finding:
    told = {
        "name": (
            "broker-without-an-address",
            "the broker's host name has no address",
            "correct the name, or mend DNS",
        ),
        "connect": (
            "broker-not-reached",
            "nobody accepts a connection at the broker's address",
            "start the broker, correct host and port, or open the way to it",
        ),
        "ask": (
            "broker-does-not-answer",
            "what accepts the connection does not answer as a Kafka broker",
            "look whether this port is a client's listener of a broker, and whether it asks for a certificate",
        ),
    }
    name, what, todo = told[broker.stage]
    return Finding(id=name, level=Level.BROKEN, what=what, evidence=(f"{broker.address}: {broker.error}",), next=todo)


def _tls(broker: BrokerSeen, settings: Mapping[str, str]) -> Iterator[Finding]:
    wanted = broker.protocol.endswith("ssl")
    if wanted and broker.listener == "plain":
        yield Finding(
            id="listener-without-tls",
            level=Level.BROKEN,
            what=f"security.protocol is {broker.protocol}, and the listener speaks no TLS",
            evidence=(broker.address,),
            next="take the port of the listener with TLS, or security.protocol="
            + ("sasl_plaintext" if broker.protocol.startswith("sasl") else "plaintext"),
        )
    if not wanted and broker.listener == "tls":
        yield Finding(
            id="listener-with-tls",
            level=Level.BROKEN,
            what=f"the listener speaks TLS, and security.protocol is {broker.protocol}",
            evidence=(broker.address,),
            next="set security.protocol=" + ("sasl_ssl" if broker.mechanisms else "ssl"),
        )
    if broker.distrust:
        yield _distrust(broker, settings)


def _distrust(broker: BrokerSeen, settings: Mapping[str, str]) -> Finding:
    shown = broker.certificate
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    evidence = [f"{broker.address}: {broker.distrust}"]
    if shown:
        evidence += [f"certificate of {shown.subject}, for {', '.join(shown.names) or 'no name'}", f"by {shown.issuer}"]
        evidence += [f"valid from {shown.not_before} to {shown.not_after}; this machine's clock: {now}"]
    bundle = settings.get("ssl.ca.location") or "the system's certificates"
    if broker.distrust_code in (_EXPIRED, _NOT_YET):
        what = "has expired" if broker.distrust_code == _EXPIRED else "is not valid yet"
        what, todo = (
            f"the broker's certificate {what}",
            "renew it, or set this machine's clock if that is what is wrong",
        )
    elif broker.distrust_code in (_MISMATCH, _NO_SUCH_ADDRESS):
        what = "the broker's certificate is for other names than the one that it was reached by"
        todo = "reach it by a name of the certificate, or have the certificate made for this one"
    elif shown is None:
        what, todo = (
            "the TLS handshake fails",
            "compare the versions of TLS of both sides, and the client's certificate",
        )
    else:
        what = f"the broker's certificate is by an authority that {bundle} does not have"
        todo = "set ssl.ca.location to the bundle of the authority that is named above"
    return Finding(id="certificate-not-believed", level=Level.BROKEN, what=what, evidence=tuple(evidence), next=todo)


def _sasl(broker: BrokerSeen, settings: Mapping[str, str]) -> Iterator[Finding]:
    wanted = broker.protocol.startswith("sasl")
    mechanism = settings.get("sasl.mechanism") or settings.get("sasl.mechanisms") or "GSSAPI"
    offered = ", ".join(broker.mechanisms or ())
    if broker.mechanisms is None and wanted:
        yield Finding(
            id="listener-without-sasl",
            level=Level.BROKEN,
            what=f"security.protocol is {broker.protocol}, and the listener has no SASL",
            evidence=(broker.address,),
            next="take the port of the listener with SASL, or set security.protocol="
            + ("ssl" if broker.listener == "tls" else "plaintext"),
        )
    elif broker.mechanisms is not None and not wanted:
        yield Finding(
            id="listener-with-sasl",
            level=Level.BROKEN,
            what="the listener asks who one is (SASL), and security.protocol does not say that",
            evidence=(f"{broker.address} offers {offered}",),
            next="set security.protocol=" + ("sasl_ssl" if broker.listener == "tls" else "sasl_plaintext")
            + f", and sasl.mechanism to one of {offered}",
        )  # fmt: skip
    elif wanted and mechanism not in (broker.mechanisms or ()):
        yield Finding(
            id="mechanism-not-offered",
            level=Level.BROKEN,
            what=f"sasl.mechanism is {mechanism}, which the listener does not offer",
            evidence=(f"{broker.address} offers {offered}",),
            next=f"set sasl.mechanism to one of {offered}",
        )


def _exchange(seen: Seen, broker: BrokerSeen, exchange: Exchange) -> Iterator[Finding]:
    mode = "" if exchange.mode == "default" else f" ({exchange.mode})"
    if exchange.untried or exchange.received == exchange.asked:
        return
    counted = f"{exchange.sent} of {exchange.asked} acknowledged, {exchange.received} read, {exchange.seconds} s"
    evidence = [line for line in (exchange.error, counted, *exchange.said) if line]
    lowest, highest = broker.apis.get(_FETCH, (0, 0))
    if exchange.client == "pykafka" and exchange.mode == "pure" and lowest > _PYKAFKAS_FETCH:
        release = seen.version("pykafka")
        evidence.append(
            f"the broker speaks Fetch {lowest} to {highest}; pykafka {release} sends up to {_PYKAFKAS_FETCH}"
        )
    yield Finding(
        id="messages-do-not-come-through",
        level=Level.BROKEN,
        client=exchange.client,
        what=f"messages do not come through the broker with {exchange.client}{mode}",
        evidence=tuple(evidence),
        next="see what is said above about this client and this listener; if nothing is, look into the broker's log",
    )
