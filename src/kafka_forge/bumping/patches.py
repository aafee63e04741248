"""A recipe's patches on another version of its source, in a repository that stays where one does not fit."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import PatchConflicts
from kafka_forge.patching import opening, rebasing, saving

if TYPE_CHECKING:
    from kafka_forge.bumping.answers import Answers
    from kafka_forge.bumping.family import Member
    from kafka_forge.bumping.obtaining import Archive
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress


@dataclass(frozen=True, slots=True)
class Queue:
    """A repository of a recipe's patches on the archive that it is to have.

    Attributes:
        folder: the repository; None where the recipe has no patches.
        dropped: subjects of patches that the new version has already.
    """

    folder: Path | None
    dropped: tuple[str, ...] = ()


def put_on(member: Member, archive: Archive, root: Path, cache: Cache, progress: Progress) -> Queue:
    """Put a recipe's patches on an archive; called again after a conflict was solved, go on from there.

    Raises:
        PatchConflicts: one does not fit; its repository stays, with today's file beside each conflict.
        SourceUnreachable, …: the recipe's own source cannot be had, which they are for.
    """
    if not opening.load(root, member.recipe):
        return Queue(None)
    folder = cache.work / "bump" / f"{member.recipe}-{archive.version}-{_digest(member, archive, root)[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = _rebase(member, archive, folder, root, cache, progress)
    except PatchConflicts as error:
        raise PatchConflicts(
            error.what,
            where=error.where,
            details=error.details,
            todo="solve it there: edit the file, `git add` it, and call `bump` again, which goes on from there. (`git "
            f"rebase --skip` leaves the patch out; `rm -r {folder}` begins anew.)",
        ) from error
    return Queue(folder, done.dropped)


def would_conflict(
    member: Member, archive: Archive, root: Path, answers: Answers, cache: Cache, progress: Progress
) -> tuple[str, ...]:
    """Return what of a recipe's patches does not fit an archive, a line each; nothing is left behind."""

    def look() -> list[str]:
        cache.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bump-look-", dir=cache.work) as room:
            try:
                _rebase(member, archive, Path(room) / "queue", root, cache, progress)
            except PatchConflicts as error:
                return [error.what, *(line for line in error.details if not line.startswith(" "))]
        return []

    if not opening.load(root, member.recipe):
        return ()
    found, _ = answers.ask(f"patches of {member.recipe} {_digest(member, archive, root)}", look)
    return tuple(found)


def write_back(queue: Queue, member: Member, draft: Path, cache: Cache, progress: Progress) -> saving.Saved | None:
    """Write a queue into a draft whose recipe names the archive already, and remove the repository."""
    if queue.folder is None:
        return None
    saved = saving.save(member.recipe, queue.folder, draft, cache, progress)
    shutil.rmtree(queue.folder, ignore_errors=True)
    return saved


def _rebase(
    member: Member, archive: Archive, folder: Path, root: Path, cache: Cache, progress: Progress
) -> rebasing.Rebased:
    with tempfile.TemporaryDirectory(prefix="kafka-forge-bump-") as room:
        named = Path(room) / archive.name  # the store keeps no names, which a conflict is to tell
        named.symlink_to(archive.path)
        return rebasing.rebase(member.recipe, folder, str(named), root, cache, progress)


def _digest(member: Member, archive: Archive, root: Path) -> str:
    digest = hashlib.sha256(f"{member.source} {archive.sha256}".encode())
    for patch in opening.load(root, member.recipe):
        digest.update(patch.name.encode() + b"\0" + patch.data + b"\0")
    return digest.hexdigest()
