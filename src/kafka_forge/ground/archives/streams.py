"""Bytes on their way out of an archive: parts of a file, decompressed, forwards only and counted."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import sys
from typing import IO, TYPE_CHECKING, Any, cast

from kafka_forge.ground.archives.entry import CHUNK
from kafka_forge.ground.archives.judging import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.ground.archives.limits import Limits

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"
"""What compressed bytes begin with: RFC 1952, bzip2's and xz's own formats, RFC 8878."""
_OPENERS: dict[bytes, Callable[[IO[bytes]], object]] = {
    GZIP: lambda stream: gzip.GzipFile(fileobj=stream),
    BZIP2: bz2.BZ2File,
    XZ: lzma.LZMAFile,
    ZSTD: lambda stream: zstd().ZstdFile(stream),
}
_BLOCK = 512  # bytes; a tar's unit (pax in POSIX.1-2017)
_USTAR = slice(257, 262)  # "magic" of a tar's header there
_AROUND = 4 * _BLOCK  # bytes that a member takes beside its own, at least: its header, and what fills its last block


def zstd() -> Any:
    """Return Python's zstd: its own since 3.14, before that the backport that conda-package-streaming brings."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def is_tar(head: bytes) -> bool:
    """Tell whether a file's first 512 bytes are a tar's, or those of anything compressed."""
    return head[_USTAR] == b"ustar" or head.startswith(tuple(_OPENERS))


def decompressed(stream: IO[bytes]) -> IO[bytes]:
    """Return what a stream holds, from its first byte on; it is read as it is where that is no compressed one's."""
    head = stream.read(_BLOCK)
    stream.seek(0)
    for magic, opened in _OPENERS.items():
        if head.startswith(magic) and head[_USTAR] != b"ustar":  # a tar may begin with a name like that
            return cast("IO[bytes]", opened(stream))
    return stream


class Part(io.RawIOBase):
    """A part of a file, as a file of its own.

    Args:
        whole: the file.
        begin: the part's first byte.
        size: how many bytes it has; fewer are read where the file ends before.
    """

    def __init__(self, whole: IO[bytes], begin: int, size: int) -> None:
        super().__init__()
        self._whole, self._begin, self._size, self._at = whole, begin, size, 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any byte can be gone to."""
        return True

    def tell(self) -> int:
        """Return which byte comes next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer; return how many."""
        self._whole.seek(self._begin + self._at)
        found = self._whole.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


class Forwards:
    """A tar's bytes, as `tarfile.TarFile` reads them: one after the other, no more than the limits say.

    Args:
        stream: decompressed.
        where: the archive, for the error.
        limits: how much it may hold.
    """

    def __init__(self, stream: IO[bytes], where: str, limits: Limits) -> None:
        self._stream, self._where, self._limits = stream, where, limits
        self._at = 0
        self._most = limits.total + limits.members * _AROUND
        self._last = b""

    @property
    def ended(self) -> bool:
        """Whether what was read last is a tar's end mark; tarfile takes any other end for one, too."""
        return len(self._last) == _BLOCK and not any(self._last)

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer only where they end.

        Raises:
            ArchiveRefused: a header is larger than any of good will (files are read by less), or it is all too much.
        """
        if size > max(self._limits.header, CHUNK):
            refuse(self._where, f"what stands before one of its members has {size:,} bytes")
        found = bytearray()
        while len(found) < size and (more := self._stream.read(size - len(found))):
            found += more
        self._at += len(found)
        if self._at > self._most:
            refuse(self._where, f"it has more than {self._most:,} bytes when decompressed")
        self._last = bytes(found)
        return self._last

    def seek(self, offset: int) -> int:
        """Go on to a later byte.

        Raises:
            EOFError: there is none.
        """
        if offset < self._at:
            raise io.UnsupportedOperation("an archive is read forwards only")
        while self._at < offset:
            if not self.read(min(CHUNK, offset - self._at)):
                raise EOFError("it ends within a member")
        return self._at

    def drain(self) -> None:
        """Read to the end, which is where compressed bytes have their checksum."""
        while self.read(CHUNK):
            pass
