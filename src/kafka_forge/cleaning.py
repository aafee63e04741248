"""What the cache holds, and removing it without pulling it from under a run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import filelock

from kafka_forge.errors import NothingSelected, NotWritable
from kafka_forge.files import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kafka_forge.paths import Cache


@dataclass(frozen=True, slots=True)
class Room:
    """One room of the cache.

    Attributes:
        name: what the user calls it.
        path: its folder.
        what: what it holds, and what removing it costs.
        guard: the lock file of whoever uses it.
    """

    name: str
    path: Path
    what: str
    guard: Path


def in_use_lock(cache: Cache) -> Path:
    """Return the lock file that every run which uses the cache holds (shared by runs, barred for `remove`)."""
    return cache.root / ".in-use"


def rooms(cache: Cache) -> list[Room]:
    """Return the rooms of the cache, whether or not they exist yet."""
    guard = in_use_lock(cache)
    return [
        Room("store", cache.store, "sources, jars and wheels by sha256; fetched again when needed", guard),
        Room("base", cache.base, "the embedded base channel; made again in some minutes", guard),
        Room("packages", cache.packages, "unpacked conda packages", guard),
        Room("brokers", cache.brokers, "Kafka's jars and Java runtimes", guard),
        Room("compiler", cache.compiler, "the compiler's own cache", guard),
        Room("work", cache.work, "left-overs of builds and environments; never trusted", guard),
    ]


def named(cache: Cache, names: Sequence[str]) -> list[Room]:
    """Return the rooms with these names.

    Raises:
        NothingSelected: there is no such room.
    """
    known = {room.name: room for room in rooms(cache)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NothingSelected(
            f"the cache has no room called {', '.join(unknown)}",
            where=str(cache.root),
            todo=f"name one of: {', '.join(known)}.",
        )
    return [known[name] for name in names]


def size(path: Path) -> int:
    """Return the bytes of all files below a folder; a file with several hard links counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for file in path.rglob("*") if path.is_dir() else ():
        try:
            status = file.lstat()
        except FileNotFoundError:
            continue
        if not file.is_dir() and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += status.st_size
    return total


def sizes(cache: Cache) -> list[dict[str, Any]]:
    """Return a row for each room: room, bytes, what, path."""
    return [_row(room) for room in rooms(cache)]


def _row(room: Room) -> dict[str, Any]:
    return {"room": room.name, "bytes": size(room.path), "what": room.what, "path": str(room.path)}


def remove(room: Room) -> dict[str, Any]:
    """Remove a room; return what `sizes` said of it before.

    Raises:
        NotWritable: a run is using the cache, or a file in it may not be removed.
    """
    row = _row(room)
    room.guard.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(room.guard, timeout=0), explain_os_errors(room.path):
            _make_writable(room.path.rglob("*") if room.path.is_dir() else ())
            shutil.rmtree(room.path, ignore_errors=False) if room.path.exists() else None
    except filelock.Timeout as error:
        raise NotWritable(
            "another run is using the cache", where=str(room.path), todo="wait for it to end, then clean."
        ) from error
    return row


def _make_writable(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
