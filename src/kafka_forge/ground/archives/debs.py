"""A Debian package's members (deb(5)): an ar archive, in which ``data.tar`` has the files."""

from __future__ import annotations

import io
import tarfile
from typing import IO, TYPE_CHECKING, cast

from kafka_forge.ground.archives import tars
from kafka_forge.ground.archives.streams import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.ground.archives.entry import Entry
    from kafka_forge.ground.archives.limits import Limits

MAGIC = b"!<arch>\n"
_HEADER = 60  # bytes; name at 0, size at 48, its end at 58: https://en.wikipedia.org/wiki/Ar_(Unix)
_NAME, _SIZE, _END = slice(16), slice(48, 58), slice(58, 60)


def members(file: IO[bytes], where: str, limits: Limits) -> Iterator[Entry]:
    """Give the members of its ``data.tar``; errors as `tars.members`."""
    yield from tars.members(cast("IO[bytes]", io.BufferedReader(_data(file))), where, limits)


def _data(file: IO[bytes]) -> Part:
    end = file.seek(0, io.SEEK_END)
    at = len(MAGIC)
    while at + _HEADER <= end:
        file.seek(at)
        header = file.read(_HEADER)
        digits = header[_SIZE].rstrip()
        if header[_END] != b"`\n" or not digits.isdigit():
            break
        size = int(digits)
        if header[_NAME].startswith(b"data.tar"):
            if at + _HEADER + size > end:
                raise EOFError("it ends within its data.tar")
            return Part(file, at + _HEADER, size)
        at += _HEADER + size + size % 2
    raise tarfile.ReadError("it is no Debian package with a data.tar")
