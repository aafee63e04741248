"""Which Kafka somebody else's broker is: what its ApiVersions answer tells, with no client library in between.

ApiVersions version 3 (KIP-511) names the features that the software supports (KIP-584). The highest
``metadata.version`` among them grows with every release; each lock has the levels that its Kafka's own jar names.
"""

from __future__ import annotations

import socket
import struct

from kafka_forge.brokers import locks
from kafka_forge.brokers.protocol import Reader

UNKNOWN = "unknown"
LATER = "+"
"""Stands behind the newest release that is known here, where a broker is of a later one."""
_API_VERSIONS, _VERSION, _CORRELATION = 18, 3, 4711
_SUPPORTED_FEATURES = 0
_LARGEST_ANSWER = 1 << 20


def version_of(address: str, seconds: float = 5.0) -> str:
    """Return the feature release of the broker at ``HOST:PORT``, for example ``4.2``; ``4.4+`` is one after 4.4.

    ``unknown`` is the answer about anything that does not tell: a broker with ZooKeeper, one before 3.3, or no broker
    at all.
    """
    try:
        level = supported(_ask(address, seconds)).get("metadata.version", 0)
    except (OSError, ValueError, struct.error, IndexError):
        return UNKNOWN
    return release_of(level)


def release_of(level: int) -> str:
    """Return the release whose highest ``metadata.version`` this is; of one that is newer than every lock, after what.

    >>> release_of(21)
    '3.9'
    >>> release_of(5)
    'unknown'
    """
    known = locks.levels()
    newest = max(known)
    return f"{known[newest]}{LATER}" if level > newest else known.get(level, UNKNOWN)


def _ask(address: str, seconds: float) -> bytes:
    """Return the body of the broker's answer, without its length and its correlation id."""
    host, _, port = address.rpartition(":")
    name, version = b"\x0ckafka-forge", b"\x020"  # compact strings: their length plus one, then the bytes
    request = struct.pack(">hhih", _API_VERSIONS, _VERSION, _CORRELATION, -1) + b"\0" + name + version + b"\0"
    with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            length, correlation = struct.unpack(">ii", stream.read(8))
            if correlation != _CORRELATION or not 4 <= length <= _LARGEST_ANSWER:
                raise ValueError("that is no answer to an ApiVersions request")
            return stream.read(length - 4)


def supported(answer: bytes) -> dict[str, int]:
    """Return feature → highest level that the software supports, of an ApiVersions response of version 3.

    Raises:
        ValueError: the bytes are not such a response, or it is an error (a broker before 2.4 says so).
    """
    reader = Reader(answer)
    if error := reader.number(2):
        raise ValueError(f"the broker answers with error {error}")
    for _ in range(reader.varint() - 1):
        reader.take(6)  # API key, lowest and highest version
        reader.tags()
    reader.take(4)  # throttle time
    features = Reader(reader.tags().get(_SUPPORTED_FEATURES, b"\1"))
    found = {}
    for _ in range(features.varint() - 1):
        name = features.take(features.varint() - 1).decode("utf-8")
        features.take(2)  # the lowest level
        found[name] = features.number(2)
        features.tags()
    return found
