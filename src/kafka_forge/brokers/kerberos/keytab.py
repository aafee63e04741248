"""Keytabs: files with the keys of principals, as MIT's documentation has the format ("Keytab file format")."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION = b"\x05\x02"
"""The version that writes its numbers with the highest byte first; all that is written today has it."""


def split(content: bytes) -> dict[str, bytes]:
    """Return a keytab for each principal of a keytab: name with realm → the file's content.

    Raises:
        ValueError: it is no keytab of version 2.
    """
    found: dict[str, bytes] = {}
    for entry in _entries(content):
        name = _principal(entry)
        found[name] = found.get(name, _VERSION) + struct.pack(">i", len(entry)) + entry
    return found


def _entries(content: bytes) -> Iterator[bytes]:
    if not content.startswith(_VERSION):
        raise ValueError("this is no keytab of version 2")
    at = len(_VERSION)
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big", signed=True)
        at += 4
        if size == 0 or at + abs(size) > len(content):
            raise ValueError("the keytab ends within an entry")
        if size > 0:  # a negative one is a hole
            yield content[at : at + size]
        at += abs(size)


def _principal(entry: bytes) -> str:
    """Return ``COMPONENT/COMPONENT@REALM`` of an entry."""
    at, words = 2, []
    for _ in range(int.from_bytes(entry[:2], "big") + 1):  # the realm comes first, and is not counted
        size = int.from_bytes(entry[at : at + 2], "big")
        words.append(entry[at + 2 : at + 2 + size].decode())
        at += 2 + size
    return f"{'/'.join(words[1:])}@{words[0]}"
