"""What zig's own cache holds, where a machine went down while it was written: files that are empty, or end too early.

zig believes what stands there. A build then ends with a linker's message about a file that nobody has heard of, or with
a symbol that is missing from the C library, and does so again and again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SAID = re.compile(
    r"error: .*(past the end of the file|truncated or malformed|unexpected end|EndOfStream|too (short|small)"
    r"|not an? (ELF|object|archive)|unknown file type|invalid magic)"
)
"""What a line has that tells of a file which is not what it should be, as zig's linkers word it (lld's and its own)."""


def broken(cache: Path, lines: Iterable[str]) -> str | None:
    """Return a file of zig's cache that is broken; None if none is known to be.

    Args:
        cache: zig's cache (``Cache.compiler``).
        lines: what the build has said; a file that it complains of is one.
    """
    objects = cache / "o"
    for line in lines:
        if str(objects) in line and _SAID.search(line):
            return str(objects) + line.partition(str(objects))[2].partition(":")[0].rstrip("'\" ")
    # Whatever zig has finished is more than nothing: it writes elsewhere, and renames.
    return next((str(path) for path in sorted(objects.glob("*/*")) if path.is_file() and not path.stat().st_size), None)
