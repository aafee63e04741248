"""Where a checkout's base channel stands in the cache.

Each content of what decides a base has a channel of its own. Two checkouts that share a cache, of which one has changed
a compiler, say, would else take packages away from one another while they build, and an artifact of one could be built
with what the other has just put there. What a new one has in common with the one that was used last is linked, and what
that lacks with those before it, which may have served other platforms: so only what differs is made anew. Every package
is known by its own key (`nodes.Site.stands`).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.bases.cachekey import base_key
from kafka_forge.ground.files import atomic_path, explain_os_errors

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache

KEYS = ".keys"
"""In the channel's folder: subdir → package → the key of what stands there; hidden from who reads the channel."""
_UNUSED_SECONDS = 30 * 24 * 60 * 60
"""After which a channel goes, when another one comes: no run takes so long."""


def channel_of(cache: Cache, root: Path) -> Path:
    """Return the folder of a checkout's base channel, which need not be there."""
    return cache.base / base_key(root) / "channel"


def provide(cache: Cache, root: Path) -> Path:
    """Return the folder of a checkout's base channel, with what it has in common with those that were there before.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    home = channel_of(cache, root).parent
    with explain_os_errors(cache.base):
        cache.base.mkdir(parents=True, exist_ok=True)
        if not home.is_dir():
            with FileLock(cache.base / ".homes.lock"):
                if not home.is_dir():
                    _begin(home)
        os.utime(home)
    return home / "channel"


def _begin(home: Path) -> None:
    others = sorted(_homes(home.parent), key=lambda each: each.stat().st_mtime)
    with atomic_path(home) as draft:
        (draft / "channel").mkdir(parents=True)
        for last in others[-1:]:
            _link(last / "channel", draft / "channel")
        for older in reversed(others[:-1]):
            _link_missing(older / "channel", draft / "channel")
    for each in others:
        if each.stat().st_mtime < time.time() - _UNUSED_SECONDS:
            shutil.rmtree(each, ignore_errors=True)


def _homes(base: Path) -> list[Path]:
    return [each.parent for each in base.glob("[0-9a-f]*/channel") if each.is_dir()]


def _link(source: Path, target: Path) -> None:
    """Link packages and copy what is written anew; a package that goes meanwhile is one that is made anew."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        try:
            if path.is_dir():
                place.mkdir(exist_ok=True)
            elif path.suffix == ".conda":
                os.link(path, place)
            elif path.suffix == ".json":
                shutil.copyfile(path, place)
        except FileNotFoundError:
            continue


def _link_missing(source: Path, target: Path) -> None:
    """Link whole platforms, and single packages, of which the target has none; it is indexed by who takes them."""
    for subdir in (each for each in source.iterdir() if each.is_dir() and each.name != KEYS):
        if not any((target / subdir.name).glob("*.conda")):
            (target / subdir.name).mkdir(exist_ok=True)
            _link(subdir, target / subdir.name)
    for note in source.glob(f"{KEYS}/*/*.json"):
        copied = target / note.relative_to(source)
        if copied.exists():
            continue
        try:
            package = Path(note.parent.name, str(json.loads(note.read_text(encoding="utf-8"))["file"]))
            if not (target / package).exists():
                os.link(source / package, target / package)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(note, copied)
        except (FileNotFoundError, ValueError, KeyError):
            continue
