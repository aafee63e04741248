"""The door itself: which format it is, who reads it, and what becomes of its members."""

from __future__ import annotations

import contextlib
import enum
import errno
import io
import lzma
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kafka_forge.errors import ArchiveDamaged
from kafka_forge.ground.archives import condas, debs, names, streams, tars, zips
from kafka_forge.ground.archives.entry import Kind
from kafka_forge.ground.archives.judging import Judge, refuse
from kafka_forge.ground.archives.limits import Limits
from kafka_forge.ground.files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.ground.archives.entry import Entry

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,  # a number or a name that is none
    IndexError,  # an extra field of a zip that is shorter than it says
    OverflowError,
    RecursionError,  # a tar's headers about headers: tarfile reads each within the one before
    NotImplementedError,  # a later version of the zip format
)
"""What the standard library raises at what it cannot read, beside OSError without a number (gzip, bz2) and zstd's."""


_HEAD = 512  # bytes; what a tar is known by stands within them


class Format(enum.Enum):
    """What an archive is, as its own bytes say; its name is not asked."""

    TAR = "tar"
    ZIP = "zip"
    DEB = "deb"


def format_of(file: Path) -> Format | None:
    """Return a file's format; None where it is no archive.

    A jar, a wheel and a ``.conda`` are zips, a ``.crate`` is a tar, and so is whatever is compressed as a whole.
    """
    with file.open("rb") as stream:
        return _format(stream.read(_HEAD))


def _format(head: bytes) -> Format | None:
    if head.startswith(debs.MAGIC):
        return Format.DEB
    if streams.is_tar(head):
        return Format.TAR
    return Format.ZIP if head.startswith(zips.MAGICS) else None


def entries(file: Path | bytes, limits: Limits | None = None) -> Iterator[Entry]:
    """Give an archive's members in their order, each once it is known to be harmless by itself.

    What only all of them together show (where links lead, whether the archive is whole) is raised at the end: what was
    made of the members until then is to be thrown away, as `unpack` does.

    Args:
        file: the archive, or its bytes.
        limits: how much it may hold.

    Raises:
        ArchiveRefused: it has what may not come in.
        ArchiveDamaged: it is not whole, or no archive that is known here.
    """
    return _members(file, limits or Limits(), rooted=True)


def unpack(file: Path, folder: Path, limits: Limits | None = None) -> None:
    """Unpack an archive into a folder, which is made, or replaced: it is there whole or not at all.

    Files are readable for all, and run where their owner may run them in the archive; owners and times are not kept.

    Args:
        file: the archive.
        folder: the folder; what is written meanwhile is beside it.
        limits: how much it may hold.

    Raises:
        ArchiveRefused, ArchiveDamaged: as `entries`.
        DiskFull, NotWritable: the file system refuses.
    """
    with atomic_path(folder) as draft:
        draft.mkdir()
        links: list[Entry] = []
        for entry in _members(file, limits or Limits(), rooted=False):
            with _second_word(file):
                entry.guard(draft)
            path = draft.joinpath(*names.parts(entry.name))
            if entry.kind is Kind.FOLDER:
                path.mkdir(parents=True, exist_ok=True)
            elif entry.kind is Kind.FILE:
                entry.save(path)
            else:
                links.append(entry)
        for entry in links:  # nothing is ever written through a link: they come last
            with _second_word(file):
                entry.guard(draft)
            _link(entry, draft)


def read(file: Path, name: str, limits: Limits | None = None) -> bytes | None:
    """Return the bytes of one file of an archive; None where there is no such member.

    Raises:
        ArchiveRefused, ArchiveDamaged: as `entries`, by the member itself, or one before it.
    """
    for entry in entries(file, limits):
        if entry.kind is Kind.FILE and entry.name == name:
            return entry.read()
    return None


def outer(file: Path, limits: Limits | None = None) -> tuple[str, ...]:
    """Return the names of a zip's own members in their order; of a conda package, those that its parts are in.

    Raises:
        ArchiveRefused, ArchiveDamaged: as `entries`, of the zip alone.
    """
    with (
        _explained(str(file)),
        file.open("rb") as stream,
        zips.opened(stream, str(file), limits or Limits()) as archive,
    ):
        return tuple(archive.namelist())


def check(file: Path, limits: Limits | None = None) -> None:
    """Look at all members of an archive, and keep nothing: before other software unpacks it.

    Raises:
        ArchiveRefused, ArchiveDamaged: as `entries`.
    """
    for entry in entries(file, limits):
        for _ in entry.chunks():
            pass


def _members(file: Path | bytes, limits: Limits, *, rooted: bool) -> Iterator[Entry]:
    where = str(file) if isinstance(file, Path) else "an archive within an archive"
    with _explained(where), _stream(file) as stream:
        for entry in _judged(stream, where, limits, rooted=rooted):
            yield replace(entry, chunks=partial(_whole, entry, where))


def _whole(entry: Entry, where: str) -> Iterator[bytes]:
    with _explained(where):  # these bytes are read by who asks for them, not within `_members`
        yield from entry.chunks()


def _judged(stream: IO[bytes], where: str, limits: Limits, *, rooted: bool) -> Iterator[Entry]:
    found = _format(stream.read(_HEAD))
    stream.seek(0)
    if found is Format.DEB:
        yield from _passed(debs.members(stream, where, limits), Judge(where, limits, rooted=rooted))
    elif found is Format.ZIP:
        with zips.opened(stream, where, limits) as archive:
            yield from _of_zip(archive, where, limits)
    else:  # a tar of the oldest kind has no sign of its own
        yield from _passed(tars.members(stream, where, limits), Judge(where, limits))


def _of_zip(archive: zipfile.ZipFile, where: str, limits: Limits) -> Iterator[Entry]:
    if condas.is_one(archive):
        yield from _passed(condas.members(archive, where, limits), Judge(where, limits))
        return
    # neither the wheel's format nor the jar's has links, and who reads them would take one for a file
    linked = not any(name == "META-INF/MANIFEST.MF" or ".dist-info/" in name for name in archive.namelist())
    yield from _passed(zips.members(archive, where, limits), Judge(where, limits, links=linked))


def _passed(members: Iterator[Entry], judge: Judge) -> Iterator[Entry]:
    for entry in members:
        judge.see(entry)
        yield entry
    judge.end()


@contextlib.contextmanager
def _stream(file: Path | bytes) -> Iterator[IO[bytes]]:
    with file.open("rb") if isinstance(file, Path) else io.BytesIO(file) as stream:
        yield stream


@contextlib.contextmanager
def _second_word(file: Path) -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        refuse(str(file), str(error))


@contextlib.contextmanager
def _explained(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a zip's offset before its begin is an invalid argument of a seek
            raise
        raise _damaged(where, error) from error
    except (*_BROKEN, streams.zstd().ZstdError) as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> ArchiveDamaged:
    said = str(error) or type(error).__name__
    return ArchiveDamaged(
        f"this archive cannot be read to its end: {said}", where=where, todo="fetch it anew; it may not be whole."
    )


def _link(entry: Entry, draft: Path) -> None:
    path = draft.joinpath(*names.parts(entry.name))
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind is Kind.LINK:
        path.symlink_to(entry.target)
        return
    other = draft.joinpath(*names.parts(entry.target))
    try:
        os.link(other, path)
    except OSError:  # a file system without hard links
        shutil.copy2(other, path)
