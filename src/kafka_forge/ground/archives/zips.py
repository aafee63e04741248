"""A zip's members (PKWARE's APPNOTE): wheels, jars and ``.conda`` files are zips, too."""

from __future__ import annotations

import calendar
import stat
import zipfile
from typing import IO, TYPE_CHECKING

from kafka_forge.ground.archives.entry import CHUNK, Entry, Kind
from kafka_forge.ground.archives.judging import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.ground.archives.limits import Limits

MAGICS = (b"PK\3\4", b"PK\5\6")
"""A first member, or none at all."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of the others, the standard library reads some, and cannot be held to a number of bytes at a time."""
_KINDS = {0: Kind.FILE, stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.FOLDER, stat.S_IFLNK: Kind.LINK}


def opened(file: IO[bytes], where: str, limits: Limits) -> zipfile.ZipFile:
    """Open a zip.

    Raises:
        ArchiveRefused: it has too many members.
        zipfile.BadZipFile: it is not whole.
    """
    archive = zipfile.ZipFile(file)
    if len(archive.infolist()) > limits.members:
        refuse(where, f"it has more than {limits.members:,} members")
    return archive


def members(archive: zipfile.ZipFile, where: str, limits: Limits) -> Iterator[Entry]:
    """Give the members in the order of the zip's directory.

    Raises:
        ArchiveRefused: a member is a device or a pipe, is encrypted, or compressed as no wheel or jar is.
        zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error: it is not whole.
    """
    for info in archive.infolist():
        yield _entry(archive, info, where, limits)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, limits: Limits) -> Entry:
    name = info.orig_filename  # `filename` ends at a NUL, and has another separator on Windows
    mode = info.external_attr >> 16
    kind = Kind.FOLDER if info.is_dir() else _KINDS.get(stat.S_IFMT(mode))
    if kind is None or (kind is Kind.FOLDER) != info.is_dir():
        refuse(where, f"{name!r}: it is neither file, folder nor link, but of mode {mode:o}")
    if info.flag_bits & 1:
        refuse(where, f"{name!r}: it is encrypted")
    if info.compress_type not in METHODS:
        refuse(where, f"{name!r}: it is compressed by method {info.compress_type}, not deflated")
    target = ""
    if kind is Kind.LINK:
        if info.file_size > limits.header:
            refuse(where, f"{name!r}: where this link leads has {info.file_size:,} bytes")
        target = archive.read(info).decode("utf-8")
    return Entry(
        name,
        kind,
        info.file_size if kind is Kind.FILE else 0,
        executable=bool(mode & 0o100),
        target=target,
        time=_time(info),
        chunks=lambda: _chunks(archive, info),
    )


def _time(info: zipfile.ZipInfo) -> int:
    try:
        return calendar.timegm(info.date_time)
    except ValueError:  # some leave month and day at zero
        return 0


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    found = 0
    with archive.open(info) as stream:
        while chunk := stream.read(CHUNK):
            found += len(chunk)
            yield chunk
    if found != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename!r} has {found:,} bytes, not {info.file_size:,}")
