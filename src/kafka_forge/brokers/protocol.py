"""The little of Kafka's protocol that no client library does for us: one flexible request, and how to read its answer.

Layout: "The Kafka Protocol Guide"; compact types and tagged fields are those of KIP-482.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_TAGS = b"\0"
_CORRELATION = 4711
_LARGEST_ANSWER = 1 << 24


class Reader:
    """Reads the primitive types of Kafka's protocol from a message."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes; raises ValueError where there are too few."""
        piece = self._data[self._at : self._at + count]
        if len(piece) < count:
            raise ValueError("the message is cut off")
        self._at += count
        return piece

    def number(self, size: int, *, signed: bool = True) -> int:
        """Return the next integer of so many bytes."""
        return int.from_bytes(self.take(size), "big", signed=signed)

    def varint(self) -> int:
        """Return the next UNSIGNED_VARINT."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def tags(self) -> Mapping[int, bytes]:
        """Return the tagged fields that end a structure (KIP-482)."""
        return {self.varint(): self.take(self.varint()) for _ in range(self.varint())}

    def text(self) -> str | None:
        """Return the next COMPACT_NULLABLE_STRING."""
        length = self.varint()
        return self.take(length - 1).decode("utf-8") if length else None


def varint(value: int) -> bytes:
    """Return an UNSIGNED_VARINT.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(value: str) -> bytes:
    """Return a COMPACT_STRING."""
    raw = value.encode("utf-8")
    return varint(len(raw) + 1) + raw


def array(parts: Sequence[bytes]) -> bytes:
    """Return a COMPACT_ARRAY of what has been written already."""
    return varint(len(parts) + 1) + b"".join(parts)


def ask(address: str, api: int, version: int, body: bytes, seconds: float = 10.0) -> Reader:
    """Send one flexible request (header version 2) to a plain listener, and return the answer behind its header.

    Raises:
        OSError: nobody answers in time.
        ValueError: what is answered is none.
    """
    host, _, port = address.rpartition(":")
    name = b"kafka-forge"
    request = struct.pack(">hhih", api, version, _CORRELATION, len(name)) + name + NO_TAGS + body
    with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            head = stream.read(4)
            length = int.from_bytes(head, "big")
            if len(head) < 4 or length > _LARGEST_ANSWER:
                raise ValueError("that is no answer to a request")
            reader = Reader(stream.read(length))
    if reader.number(4) != _CORRELATION:
        raise ValueError("that is the answer to another request")
    reader.tags()
    return reader
