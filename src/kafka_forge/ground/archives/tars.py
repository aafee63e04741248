"""A tar's members (POSIX.1-2017, "pax"; GNU's own additions), compressed in any way that is known here."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING, cast

from kafka_forge.ground.archives.entry import CHUNK, Entry, Kind
from kafka_forge.ground.archives.judging import refuse
from kafka_forge.ground.archives.streams import Forwards, decompressed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.ground.archives.limits import Limits

_KINDS = {tarfile.DIRTYPE: Kind.FOLDER, tarfile.SYMTYPE: Kind.LINK, tarfile.LNKTYPE: Kind.HARD_LINK}


def members(stream: IO[bytes], where: str, limits: Limits) -> Iterator[Entry]:
    """Give the members in their order.

    Args:
        stream: the tar, compressed or not; it is read to its end.
        where: the archive, for the error.
        limits: how much it may hold.

    Raises:
        ArchiveRefused: a member is a device or a pipe, or the bytes are too many.
        tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error: it is not whole.
    """
    forwards = Forwards(decompressed(stream), where, limits)
    with tarfile.TarFile(fileobj=cast("IO[bytes]", forwards), mode="r") as archive:
        for info in archive:
            yield _entry(archive, info, where)
        if not forwards.ended:
            raise tarfile.ReadError("it ends without its end mark, or has a header that is none")
        forwards.drain()


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo, where: str) -> Entry:
    kind = Kind.FILE if info.isreg() else _KINDS.get(info.type)
    if kind is None:
        refuse(where, f"{info.name!r}: it is neither file, folder nor link, but of type {info.type!r}")
    size = info.size if kind is Kind.FILE else 0
    if size < 0:
        raise tarfile.ReadError("a size is negative")
    return Entry(
        info.name.removeprefix("./") if info.name != "." else "",
        kind,
        size,
        executable=bool(info.mode & 0o100),
        target=info.linkname,
        time=int(info.mtime),
        chunks=lambda: _chunks(archive, info),
        guard=lambda folder: _guard(info, folder),
    )


def _guard(info: tarfile.TarInfo, folder: Path) -> None:
    """Ask the filter of PEP 706, which Python has since 3.10.12; it is stricter in later releases."""
    if hasattr(tarfile, "data_filter"):
        tarfile.data_filter(info, str(folder))


def _chunks(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(info) if info.isreg() else None
    while stream and (chunk := stream.read(CHUNK)):
        yield chunk
