"""Pure functions that turn another archive of the same files into upstream's own bytes."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 512
_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_SUM = slice(148, 156)
_KIND = 156
_PREFIX = slice(345, 500)


class Transform(Model):
    """How an archive becomes upstream's. The sha256 is checked afterwards, so a wrong recipe can do no harm."""

    retop: str = Field(min_length=1, pattern=r"^[^/\\]+$")
    """The top folder's new name, in a gzip-compressed ``git archive``."""

    def apply(self, path: Path) -> None:
        """Rewrite the file at ``path`` in place.

        Raises:
            ValueError: the file is no gzip-compressed ustar archive of the shape that ``git archive`` writes.
        """
        try:
            tar = gzip.decompress(path.read_bytes())
        except (OSError, EOFError) as error:
            raise ValueError(f"it is not gzip-compressed: {error}") from error
        path.write_bytes(compress_as_git(retop(tar, self.retop)))


def retop(tar: bytes, top: str) -> bytes:
    """Give the top folder of a ``git archive`` tar another name and leave every other byte as it is.

    Args:
        tar: an uncompressed ustar archive whose members all stand in one top folder.
        top: the new name of that folder.

    Returns:
        the bytes that ``git archive --prefix=TOP/`` would have written for the same commit: git puts a path of more
        than 100 bytes into ustar's prefix and name, parted at the last slash within reach, and writes the header's
        checksum as seven octal digits and a NUL (git's archive-tar.c).

    Raises:
        ValueError: this is no such archive, or a new path does not fit.
    """
    output = bytearray(tar)
    for offset in _headers(tar):
        header = output[offset : offset + _BLOCK]
        kind = bytes(header[_KIND : _KIND + 1])
        if kind == b"g":  # pax_global_header: git's note of the commit, outside the top folder
            continue
        if kind in {b"x", b"L", b"K"}:
            raise ValueError("the archive has extended headers, whose paths are not rewritten here")
        _, slash, rest = _path_of(header).partition(b"/")
        if not slash:
            raise ValueError("the archive has members outside a top folder")
        _set_path(header, top.encode() + slash + rest)
        output[offset : offset + _BLOCK] = header
    return bytes(output)


def compress_as_git(tar: bytes) -> bytes:
    """Compress as ``git archive --format=tar.gz`` does: through ``gzip -n``.

    GNU gzip's deflate is its own, so other compressors give other bytes; where no gzip stands on the machine, Python's
    zlib is tried, and the sha256 tells whether that was good enough.
    """
    program = shutil.which("gzip")
    if program:
        return subprocess.run([program, "-cn"], input=tar, stdout=subprocess.PIPE, check=True).stdout
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0, filename="") as stream:
        stream.write(tar)
    return buffer.getvalue()


def _headers(tar: bytes) -> Iterator[int]:
    offset = 0
    while offset + _BLOCK <= len(tar) and tar[offset] != 0:
        header = tar[offset : offset + _BLOCK]
        if header[257:262] != b"ustar":
            raise ValueError(f"there is no ustar header at byte {offset}")
        yield offset
        size = int(header[_SIZE].rstrip(b"\0 ") or b"0", 8)
        offset += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _path_of(header: bytes | bytearray) -> bytes:
    prefix, name = (bytes(header[part]).split(b"\0", 1)[0] for part in (_PREFIX, _NAME))
    return prefix + b"/" + name if prefix else name


def _set_path(header: bytearray, path: bytes) -> None:
    prefix, name = b"", path
    if len(path) > 100:
        cut = path.rfind(b"/", 1, min(len(path.rstrip(b"/")), 155))
        prefix, name = path[: max(cut, 0)], path[cut + 1 :]
        if cut <= 0 or len(name) > 100:
            raise ValueError(f"the path {path.decode(errors='replace')} does not fit into a ustar header")
    header[_PREFIX] = prefix.ljust(155, b"\0")
    header[_NAME] = name.ljust(100, b"\0")
    header[_SUM] = b" " * 8
    header[_SUM] = b"%07o\0" % sum(header)
