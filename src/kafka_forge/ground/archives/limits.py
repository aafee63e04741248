"""How much an archive may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one archive; the defaults are some times as much as the largest that is known to be unpacked here.

    Those are a compiler's library in a ``.deb`` of Debian's with 683 MB, and a source of 6,048 members.

    Attributes:
        total: bytes of all files together, unpacked.
        members: how many files, folders and links.
        header: bytes of what stands before a member's own (long names, extended headers), and of a link's target.
    """

    total: int = 4 << 30
    members: int = 100_000
    header: int = 1 << 20
