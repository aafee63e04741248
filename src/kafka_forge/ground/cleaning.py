"""What the cache holds, and removing it without pulling it from under a run."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import filelock

from kafka_forge.errors import NothingSelected, NotWritable
from kafka_forge.ground.files import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kafka_forge.ground.paths import Cache


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


def _lock(guard: Path) -> filelock.ReadWriteLock:
    guard.parent.mkdir(parents=True, exist_ok=True)
    return filelock.ReadWriteLock(guard, is_singleton=False)


@contextlib.contextmanager
def using(cache: Cache) -> Iterator[None]:
    """Hold the cache while the block runs: other runs may hold it too, `remove` may not touch it.

    Raises:
        NotWritable: the cache's folder may not be written.
    """
    with explain_os_errors(cache.root):
        lock = _lock(_guard(cache))
    with lock.read_lock():
        yield


def _guard(cache: Cache) -> Path:
    return cache.root / ".in-use.db"


def rooms(cache: Cache) -> list[Room]:
    """Return the rooms of the cache, whether or not they exist yet."""
    guard = _guard(cache)
    return [
        Room("store", cache.store, "sources, jars and wheels by sha256; fetched again when needed", guard),
        Room("base", cache.base, "the embedded base channel; made again in some minutes", guard),
        Room("packages", cache.packages, "unpacked conda packages", guard),
        Room("brokers", cache.brokers, "Kafka's jars and Java runtimes", guard),
        Room("emulators", cache.emulators, "what runs the programs of other platforms", guard),
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
    try:
        with _lock(room.guard).write_lock(timeout=0), explain_os_errors(room.path):
            if room.path.is_dir():
                _make_writable(room.path.rglob("*"))
                shutil.rmtree(room.path)
    except filelock.Timeout as error:
        raise NotWritable(
            "another run is using the cache", where=str(room.path), todo="wait for it to end, then clean."
        ) from error
    return row


def _make_writable(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
