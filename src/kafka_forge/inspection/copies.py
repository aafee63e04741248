"""Which files of a package hold a whole library of somebody else's, linked in or under another name."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"MZ")
MARKS = {
    "librdkafka": re.compile(rb"Local: Bad message format\0"),
    "openssl": re.compile(rb"OpenSSL \d+\.\d+\.\d+[a-z]? \d{1,2} [A-Z][a-z]{2} 20\d\d"),
    "zlib": re.compile(rb"inflate \d[\d.]+ Copyright 1995"),
    "lz4": re.compile(rb"ERROR_maxBlockSize_invalid\0"),
}
"""Library → what only its own code holds: a text of rdkafka.c, OPENSSL_VERSION_TEXT of opensslv.h, the notice of
inflate.c, and the name of an error (LZ4F_LIST_ERRORS of lz4frame.h). Who links with a library has none of them."""


def held(prefix: Path, files: Collection[str]) -> dict[str, list[str]]:
    """Return binary → the libraries that it holds; those that hold none are left out."""
    found = {}
    for name in files:
        path = prefix / name
        if path.is_file() and not path.is_symlink() and (libraries := _libraries(path)):
            found[name] = libraries
    return found


def _libraries(path: Path) -> list[str]:
    with path.open("rb") as stream:
        if not stream.read(4).startswith(_MAGIC):
            return []
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return [library for library, mark in MARKS.items() if mark.search(data)]
