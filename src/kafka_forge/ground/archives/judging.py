"""What an archive's members are together: one after the other they are let through, or the archive is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from kafka_forge.errors import ArchiveRefused
from kafka_forge.ground.archives import names
from kafka_forge.ground.archives.entry import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.archives.entry import Entry
    from kafka_forge.ground.archives.limits import Limits

_HOPS = 40
"""Links on the way of one path, as Linux follows them at most (path_resolution(7))."""
_SHOWN = 300  # characters of a name
_Path = tuple[str, ...]


def refuse(where: str, why: str) -> NoReturn:
    """Refuse an archive.

    Raises:
        ArchiveRefused: always.
    """
    raise ArchiveRefused(
        f"this archive is not unpacked: {why}",
        where=where,
        todo="do not use it; if its maker means no harm, tell him, and take another version.",
    )


class Judge:
    """Sees the members of one archive, in their order.

    Case: two names that differ in it are refused everywhere, not only where the file system folds it. What is unpacked
    here is built for Windows and macOS, too, and one of the two would be gone there in silence. Folders that differ so
    are let through: they become one, and nothing is lost (Debian's perl has ``Pod`` and ``pod``).

    Args:
        where: the archive, for the error.
        limits: how much it may hold.
        links: whether members of its format may be links at all.
        rooted: whether absolute targets are counted from the archive's own root, as in a ``.deb``, which is unpacked
            to ``/``. Nobody makes such a link here: who takes files out of such an archive makes links of his own.
    """

    def __init__(self, where: str, limits: Limits, *, links: bool = True, rooted: bool = False) -> None:
        self._where = where
        self._limits = limits
        self._may_link = links
        self._rooted = rooted
        self._count = 0
        self._total = 0
        self._leaves: dict[_Path, str] = {}
        self._folders: dict[_Path, str] = {(): ""}
        self._links: dict[_Path, str] = {}
        self._others: list[tuple[str, str]] = []
        self._files: set[_Path] = set()

    def see(self, entry: Entry) -> None:
        """Let a member through.

        Raises:
            ArchiveRefused: it may not be unpacked.
        """
        self._count += 1
        self._total += entry.size
        if self._count > self._limits.members:
            refuse(self._where, f"it has more than {self._limits.members:,} members")
        if self._total > self._limits.total:
            refuse(self._where, f"its files have more than {self._limits.total:,} bytes")
        if why := names.fault(entry.name):
            self._refuse(entry.name, why)
        self._place(entry)
        if entry.kind in (Kind.LINK, Kind.HARD_LINK):
            self._link(entry)

    def end(self) -> None:
        """Look at what only all members together show: where the links lead.

        Raises:
            ArchiveRefused: a link leads out of the folder, or nowhere.
        """
        for name, target in self._others:
            if _key(target) not in self._files:
                self._refuse(name, f"it is a hard link to {target!r}, which is no file of this archive")
        for path, target in self._links.items():
            self._follow(path, target)

    def _place(self, entry: Entry) -> None:
        path = _key(entry.name)
        if not path and entry.kind is not Kind.FOLDER:
            self._refuse(entry.name, "it has no name of its own")
        for depth in range(len(path)):
            if (other := self._leaves.get(path[:depth])) is not None:
                self._refuse(entry.name, f"it is below {other!r}, which is no folder")
            self._folders.setdefault(path[:depth], entry.name)
        if (other := self._leaves.get(path)) is not None:
            twice = names.parts(other) == names.parts(entry.name)
            self._refuse(entry.name, "it is there twice" if twice else f"where case is folded, it is {other!r}")
        if entry.kind is Kind.FOLDER:
            self._folders.setdefault(path, entry.name)
            return
        if (other := self._folders.get(path)) is not None:
            self._refuse(entry.name, f"it is no folder, and {other!r} takes it for one")
        self._leaves[path] = entry.name
        if entry.kind is Kind.FILE:
            self._files.add(path)

    def _link(self, entry: Entry) -> None:
        if not self._may_link:
            self._refuse(entry.name, f"it is a {entry.kind.value}, which archives of this kind do not have")
        target = entry.target.lstrip("/") if self._rooted else entry.target
        if entry.kind is Kind.HARD_LINK:
            if why := names.fault(target):
                self._refuse(entry.name, f"it is a hard link to {target!r}: {why}")
            self._others.append((entry.name, target))
            return
        why = names.fault("/".join(part for part in target.split("/") if part != ".."))
        if why or target.startswith("/") or not target:
            self._refuse(entry.name, f"it is a link to {target!r}: {why or 'it leads out of the folder'}")
        self._links[_key(entry.name)] = entry.target
        self._follow(_key(entry.name), entry.target)

    def _follow(self, path: _Path, target: str) -> None:
        """Walk where a link leads, through other links, too, as a system would."""
        at: list[str] = []
        left, hops = [*path], -1
        while left:
            part = left.pop(0)
            if part == "..":
                if not at:
                    self._refuse(self._leaves[path], f"it is a link to {target!r}, which leads out of the folder")
                at.pop()
                continue
            at.append(part)
            further = self._links.get(tuple(at))
            if further is None:
                continue
            hops += 1
            if hops > _HOPS:
                self._refuse(self._leaves[path], f"it is a link to {target!r}, which leads in a circle")
            at = [] if further.startswith("/") else at[:-1]
            left = [*_steps(further), *left]

    def _refuse(self, name: str, why: str) -> NoReturn:
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        refuse(self._where, f"{shown!r}: {why}")


def _key(name: str) -> _Path:
    """Return what a path is known by: two with the same key are one file on some system."""
    return tuple(map(names.folded, names.parts(name)))


def _steps(target: str) -> Sequence[str]:
    return [part if part == ".." else names.folded(part) for part in names.parts(target)]
