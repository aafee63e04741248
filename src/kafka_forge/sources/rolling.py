"""What stands for a Debian package whose locked version the mirrors have forgotten: the same suite's current one.

A stable suite replaces a package by its next security or point release and forgets the one before. The newer one, by
apt's signed index, is taken in its place, so that a proof still runs in a year; but it is always said, and never where
another upstream version would come, since the lock's data (names of files, versions) speak of this one. What has rolled
in a cache is written down there, for as long as its lock names the forgotten bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from kafka_forge.errors import LockGone
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.sources import apt_index
from kafka_forge.sources.debian_binary import DebianBinary
from kafka_forge.sources.place import NotObtainedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kafka_forge.ground.files import Store

STRICT = "KAFKA_FORGE_STRICT_LOCKS"
"""The variable that ``--strict-locks`` sets, for this process and those that it starts."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """A package that stands for a locked one.

    Attributes:
        was: the locked version.
        at: the package that stands for it.
        sha256: of its file, as the signed index has it.
    """

    was: str
    at: DebianBinary
    sha256: str

    @property
    def text(self) -> str:
        """What is told of it: ``libc6 2.41-12+deb13u4 → 2.41-12+deb13u5 (trixie, arm64)``."""
        return f"{self.at.package} {self.was} → {self.at.version} ({self.at.suite}, {self.at.architecture})"


def strict() -> bool:
    """Whether nothing may stand for what is locked (``--strict-locks``)."""
    return os.environ.get(STRICT, "") not in {"", "0"}


def known(store: Store) -> dict[str, Rolled]:
    """Return what has rolled in this cache: sha256 of the locked file → what stands for it."""
    try:
        rows: dict[str, Any] = json.loads(_register(store).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet; or not ours to trust: then it is looked for anew
        return {}
    return {
        sha256: Rolled(row["was"], DebianBinary.model_validate(row["at"]), row["sha256"])
        for sha256, row in rows.items()
    }


def among(sums: Iterable[str], store: Store) -> tuple[str, ...]:
    """Return in words what stands for files of these sha256 sums."""
    there = known(store)
    return tuple(sorted({there[each].text for each in sums if each in there}))


def forbid(what: str, where: Path, sums: Iterable[str], store: Store) -> None:
    """Refuse with ``--strict-locks`` what something else than these files stands for; without it, all is well.

    Args:
        what: what was made of the files of these sha256 sums, for the error.
        where: the folder that it stands in.

    Raises:
        LockGone: something does, and may not.
    """
    if strict() and (found := among(sums, store)):
        raise LockGone(
            f"{what} in this cache was made of newer packages than are locked, and --strict-locks was given",
            where=str(where),
            details=[f"rolled: {each}" for each in found],
            todo="run without --strict-locks, or lock these versions.",
        )


def look(locked: DebianBinary) -> Rolled:
    """Return what the locked package's suite has in its place now.

    Raises:
        NotObtainedError: apt cannot tell, the suite has none, or it has another upstream version.
    """
    there = apt_index.newest(locked.package, locked.suite, locked.architecture)
    if upstream(there.version) != upstream(locked.version):
        raise NotObtainedError(
            f"{locked.suite} has {there.version} now: another upstream version, which the lock must follow", heard=True
        )
    at = locked.model_copy(
        update={"version": there.version, "source": there.source, "component": there.component, "transform": None}
    )
    return Rolled(locked.version, at, there.sha256)


def upstream(version: str) -> str:
    """Return the upstream part of a Debian version (deb-version(7)).

    >>> upstream("1:2.41-12+deb13u4"), upstream("7.2+dfsg-7+deb12u18+b3"), upstream("3.15.2-1")
    ('2.41', '7.2+dfsg', '3.15.2')
    """
    return version.partition(":")[2].rpartition("-")[0] if ":" in version else version.rpartition("-")[0]


def write_down(locked: str, rolled: Rolled | None, store: Store) -> None:
    """Keep what stands for the file of a sha256; None forgets it, as the locked one was had again."""
    with FileLock(_register(store).with_suffix(".lock")):
        there = known(store)
        there.pop(locked, None)
        if rolled:
            there[locked] = rolled
        rows = {
            sha256: {"was": each.was, "at": each.at.model_dump(exclude_none=True), "sha256": each.sha256}
            for sha256, each in sorted(there.items())
        }
        write_text_atomic(_register(store), json.dumps(rows, indent=2) + "\n")


def _register(store: Store) -> Path:
    """Beside the store, which may be cleaned while packages that were made of these stay."""
    return store.root.with_name("rolled.json")
