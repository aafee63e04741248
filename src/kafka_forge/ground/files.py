"""Files that are either whole or absent: sums, atomic writes, the content-addressed store."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import ChecksumMismatch, DiskFull, NotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def explain_os_errors(path: Path) -> Iterator[None]:
    """Turn "no room left" and "may not write" into errors that say what to do.

    Raises:
        DiskFull: the file system (or the quota) is full.
        NotWritable: the folder may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"no room is left on the file system of {path}",
                where=str(path),
                todo=DiskFull.MAKE_ROOM,
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise NotWritable(
                f"{path} may not be written",
                where=str(path),
                todo="change its owner or mode, or set KAFKA_FORGE_CACHE to a folder of your own.",
            ) from error
        raise


def private(folder: Path) -> Path:
    """Make a folder, and its owner the only one who can look into it; return it.

    One that is another user's is left as it is: it is his to say.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    with explain_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        folder.chmod(0o700)
    return folder


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary name beside ``target``; it takes the target's name only if the block ends well.

    The block may make a file or a folder. A folder replaces an existing one. Whatever happens, nothing half-written
    ever stands under the target's name.
    """
    with explain_os_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    draft = room / target.name
    try:
        with explain_os_errors(target):
            yield draft
            if draft.is_dir() and target.is_dir():
                target.rename(room / "old")
            draft.replace(target)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Link a file, or copy it where that cannot be: to another file system, or on one that has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_text_atomic(target: Path, text: str) -> None:
    """Write UTF-8 text so that a reader sees the old file or the new one, never a part."""
    with atomic_path(target) as draft:
        draft.write_text(text, encoding="utf-8")


class Store:
    """Files by the sha256 of their bytes.

    A file in the store has been verified when it came in; it is made read-only so that a hard link to it cannot be
    changed by accident.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where the file with this sum is, or would be."""
        return self.root / sha256[:2] / sha256

    def get(self, sha256: str) -> Path | None:
        """Return the stored file, or None."""
        path = self.path(sha256)
        return path if path.is_file() else None

    def add(self, source: Path, sha256: str, *, origin: str) -> Path:
        """Verify ``source`` and move it into the store.

        Args:
            source: a file that may be consumed (it is moved).
            sha256: what its bytes must sum to.
            origin: where it came from, for the error.

        Raises:
            ChecksumMismatch: the sums differ; ``source`` has been removed.
        """
        found = sha256_of(source)
        if found != sha256:
            source.unlink(missing_ok=True)
            raise ChecksumMismatch(
                f"the bytes from {origin} are not the ones that are asked for; nothing was kept",
                where=origin,
                details=[f"expected sha256 {sha256}", f"found    sha256 {found}"],
                todo="if upstream replaced the file on purpose, review it and change the sha256; else do not trust it.",
            )
        target = self.path(sha256)
        with atomic_path(target) as draft:
            shutil.move(source, draft)
            os.chmod(draft, 0o444)  # noqa: PTH101
        return target
