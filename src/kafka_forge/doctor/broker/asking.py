"""Asks a listener, without any client library, how far one gets: name, connection, TLS, versions, SASL's mechanisms.

ApiVersions (KIP-35) and SaslHandshake (KIP-43, version 1 of KIP-152) may be sent before one has said who one is.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers import identify
from kafka_forge.brokers.protocol import Reader
from kafka_forge.doctor.broker import tls
from kafka_forge.doctor.seen import BrokerSeen

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 5.0
_API_VERSIONS, _SASL_HANDSHAKE = 18, 17
_UNSUPPORTED_VERSION, _ILLEGAL_SASL_STATE = 35, 34
"""Error codes ("The Kafka Protocol Guide"); the second one is that of a listener that has no SASL."""
_LARGEST_ANSWER = 1 << 20


def ask(address: str, settings: Mapping[str, str]) -> BrokerSeen:
    """Return how the listener at ``HOST:PORT`` answers one who comes with these settings (librdkafka's)."""
    protocol = settings.get("security.protocol", "plaintext").lower()
    seen: dict[str, Any] = {"address": address, "protocol": protocol}
    try:
        _connect(address).close()
    except socket.gaierror as error:
        return BrokerSeen(**seen, stage="name", error=str(error))
    except OSError as error:
        return BrokerSeen(**seen, stage="connect", error=str(error))
    secured = protocol.endswith("ssl")
    seen["listener"] = "tls" if tls.speaks(address) else "plain"
    if secured and seen["listener"] == "tls":
        seen |= tls.looked_at(address, settings)
    try:
        with _open(address, settings, secured=seen["listener"] == "tls") as connection:
            seen |= _versions(connection)
            seen |= _mechanisms(connection, settings)
    except (OSError, ValueError, struct.error) as error:
        return BrokerSeen(**seen, stage="ask", error=str(error) or type(error).__name__)
    return BrokerSeen(**seen, stage="answers")


def _connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS)


def _open(address: str, settings: Mapping[str, str], *, secured: bool) -> Any:
    """Return a connection to ask by; whether the certificate holds is judged elsewhere, so it need not here."""
    plain = _connect(address)
    if not secured:
        return plain
    context = tls.trusting()
    with contextlib.suppress(OSError, ssl.SSLError):  # a client's certificate that cannot be read is judged elsewhere
        tls.show_certificate(context, settings)
    return context.wrap_socket(plain, server_hostname=address.rpartition(":")[0].strip("[]"))


def _exchange(connection: Any, api: int, version: int, body: bytes, *, flexible: bool = False) -> bytes:
    """Send a request; return the body of its answer."""
    name = b"kafka-forge-doctor"
    head = struct.pack(">hhih", api, version, 1, len(name)) + name + (b"\0" if flexible else b"")
    connection.sendall(struct.pack(">i", len(head + body)) + head + body)
    length = struct.unpack(">i", _read(connection, 4))[0]
    if not 4 <= length <= _LARGEST_ANSWER:
        raise ValueError("what answers is no Kafka broker")
    return _read(connection, length)[4:]


def _read(connection: Any, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ValueError("the broker closed the connection without an answer")
        data += piece
    return data


def _versions(connection: Any) -> dict[str, Any]:
    """Return API key → lowest and highest version, and the release as far as it tells.

    A listener with SASL hears one such request and then wants to be shaken hands with, so version 3 comes first, which
    tells everything; a broker before 2.4 refuses it with an answer of version 0, and may be asked again.
    """
    flexible = b"\x13kafka-forge-doctor\x020\0"  # the name and version of KIP-511, and no tagged fields
    answer = _exchange(connection, _API_VERSIONS, 3, flexible, flexible=True)
    (error,) = struct.unpack_from(">h", answer)
    if error == _UNSUPPORTED_VERSION:
        answer = _exchange(connection, _API_VERSIONS, 0, b"")
        (error, count) = struct.unpack_from(">hi", answer)
        ranges = [struct.unpack_from(">hhh", answer, 6 + 6 * at) for at in range(count)]
        return {"apis": {str(key): (lowest, highest) for key, lowest, highest in ranges}, "release": identify.UNKNOWN}
    if error:
        raise ValueError(f"ApiVersions is answered with error {error}")
    reader, apis = Reader(answer[2:]), {}
    for _ in range(reader.varint() - 1):
        key, lowest, highest = struct.unpack(">hhh", reader.take(6))
        apis[str(key)] = (lowest, highest)
        reader.tags()
    return {"apis": apis, "release": identify.release_of(identify.supported(answer).get("metadata.version", 0))}


def _mechanisms(connection: Any, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the SASL mechanisms of the listener; None where it has no SASL."""
    asked = (settings.get("sasl.mechanism") or settings.get("sasl.mechanisms") or "GSSAPI").encode()
    answer = _exchange(connection, _SASL_HANDSHAKE, 1, struct.pack(">h", len(asked)) + asked)
    error, count = struct.unpack_from(">hi", answer)
    if error == _ILLEGAL_SASL_STATE:
        return {"mechanisms": None}
    names, at = [], 6
    for _ in range(max(count, 0)):
        (length,) = struct.unpack_from(">h", answer, at)
        names.append(answer[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return {"mechanisms": tuple(sorted(names))}
