"""A checkout's draft: a copy of what is changed, in which everything is tried, before the checkout gets all of it."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.bumping import editing
from kafka_forge.doctor.known import OURS
from kafka_forge.errors import TreeChanged
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.patching import page
from kafka_forge.patching.saving import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.bumping.family import Family, Member
    from kafka_forge.bumping.obtaining import Archive
    from kafka_forge.ground.paths import Cache

_CHANGED = ("recipes", "docs", "README.md")
"""What a bump may change of a checkout."""
_NEEDED = ("bootstrap",)
"""What else of it is needed to plan and to build."""
FIRST = OURS
"""The first build number of a version here."""


def must_be_clean(root: Path) -> None:
    """Make sure that git has all of a checkout, so that what a bump changes can be seen, and taken back.

    Raises:
        TreeChanged: something is not committed, or the folder is no git work tree.
    """
    command = ["git", "status", "--porcelain", "--untracked-files=no"]
    untracked = ["git", "ls-files", "--others", "--exclude-standard", "--", *_CHANGED]
    found: list[str] = []
    for each in (command, untracked):
        try:
            done = subprocess.run(each, cwd=root, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise TreeChanged("there is no git on PATH", where=str(root), todo="install git and try again.") from error
        if done.returncode:
            raise TreeChanged(
                "the checkout is no git work tree, so nothing would say what a bump has changed",
                where=str(root),
                details=done.stderr.strip().splitlines()[-1:],
                todo="run it in a clone of the project.",
            )
        found += done.stdout.splitlines()
    if found:
        raise TreeChanged(
            "not everything in the checkout is committed",
            where=str(root),
            details=found[:20],
            todo="commit it or stash it (`git stash -u`), and try again.",
        )


@contextlib.contextmanager
def of(root: Path, cache: Cache) -> Iterator[Path]:
    """Give a draft of a checkout, as far as recipes need it; it is gone when the block ends."""
    with explain_os_errors(cache.work):
        cache.work.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix="bump-", dir=cache.work)
    with room as name:
        draft = Path(name) / "checkout"
        draft.mkdir()
        for part in _CHANGED:
            if (root / part).is_dir():
                shutil.copytree(root / part, draft / part, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
            elif (root / part).is_file():
                shutil.copy2(root / part, draft / part)
        for part in _NEEDED:
            (draft / part).symlink_to(root / part)
        yield draft


def put(draft: Path, member: Member, archive: Archive) -> None:
    """Write a recipe's new version, sum and build number, its hints, and the README's line of it, into a draft."""
    folder = draft / "recipes" / member.recipe
    number = str(FIRST if member.number >= FIRST else 0)
    values = {editing.VERSION: archive.version, editing.SHA256: archive.sha256, editing.NUMBER: number}
    _edit(folder / "recipe.yaml", lambda text, where: editing.changed(text, values, where))
    hints, old = folder / "sources.yaml", member.source.sha256 if member.source else ""
    if hints.is_file():
        text = hints.read_text(encoding="utf-8").replace(old, archive.sha256)
        hints.write_text(text.replace(member.version, archive.version), encoding="utf-8")
    readme = draft / "README.md"
    if readme.is_file():
        row = re.compile(rf"^(\| `{re.escape(member.recipe)}` ){re.escape(member.version)}( \|)", re.MULTILINE)
        text = readme.read_text(encoding="utf-8")
        readme.write_text(row.sub(rf"\g<1>{archive.version}\g<2>", text, count=1), encoding="utf-8")


def follow(draft: Path, family: Family, moved: dict[str, str]) -> tuple[str, ...]:
    """Let those follow that are built on what has moved: their build numbers rise, their contracts' bounds move.

    Args:
        draft: where they are changed.
        family: the recipes as they were.
        moved: recipe → its new version.

    Returns:
        the recipes whose build numbers have risen.
    """
    risen = []
    for name, member in family.items():
        folder = draft / "recipes" / name
        for other, version in moved.items():
            package = family[other].package
            contract = folder / "contract.yaml"
            if contract.is_file() and (package in member.host or name == other):
                old = family[other].version
                _edit(
                    contract,
                    lambda text, where, p=package, o=old, v=version: editing.bounds_moved(text, p, o, v, where),
                )
        if name not in moved and member.host & {family[other].package for other in moved}:
            number = {editing.NUMBER: str(member.number + 1)}
            _edit(folder / "recipe.yaml", lambda text, where, n=number: editing.changed(text, n, where))
            risen.append(name)
    return tuple(risen)


def _edit(file: Path, change: object) -> None:
    text = file.read_bytes().decode("utf-8")
    file.write_bytes(change(text, str(file)).encode("utf-8"))  # type: ignore[operator]


def pages(draft: Path, family: Family) -> None:
    """Write the pages about patches anew, where there are any."""
    for name in family:
        if page.path_of(draft, name).is_file():
            page.write(draft, name)


def differing(root: Path, draft: Path) -> dict[str, bytes | None]:
    """Return what a draft has otherwise than its checkout: file → its bytes, None where it is gone."""
    mine, theirs = _files(draft), _files(root)
    names = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    return {name: mine.get(name) for name in names}


def _files(root: Path) -> dict[str, bytes]:
    found = {}
    for part in _CHANGED:
        top = root / part
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def take(root: Path, files: dict[str, bytes | None]) -> None:
    """Give a checkout what its draft has: all of it, or nothing.

    Raises:
        TreeChanged: somebody has changed it meanwhile.
        DiskFull, NotWritable: nothing has been changed.
    """
    must_be_clean(root)
    exchange(root, files)
