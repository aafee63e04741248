"""A recipe's patches on another version of their source: as far as they go, and then what stands in their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import PatchConflicts, QueueInvalid
from kafka_forge.ground.files import Store
from kafka_forge.patching import opening, saving, series, source
from kafka_forge.patching.patch import hunks
from kafka_forge.patching.repository import UPSTREAM, Repository, at, said

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.patching.patch import Hunk

TODAY = ".today"
"""What the name of a file that is put beside a conflict ends with."""
_BEFORE = "refs/kafka-forge/before"
_CHANGES = ("--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "--diff-algorithm=myers", "--unified=3")


@dataclass(frozen=True, slots=True)
class Rebased:
    """The series on its new source.

    Attributes:
        title: what the source is.
        sha256: the sum of its archive; None where it is no archive.
        total: how many patches there are now.
        dropped: subjects of patches that this source has already.
    """

    title: str
    sha256: str | None
    total: int
    dropped: tuple[str, ...]


def rebase(recipe: str | None, folder: Path, onto: str, root: Path, cache: Cache, progress: Progress) -> Rebased:
    """Put a repository's commits on another source; called again after a conflict, go on.

    Args:
        recipe: the recipe's name; None for the one that the repository was opened for.
        folder: the repository; one that is not there yet is opened first.
        onto: a version, an archive, or a folder with the source's files.
        root: the checkout.
        cache: where sources are kept.
        progress: told what is being done.

    Raises:
        PatchConflicts: a patch, which is named with its file and hunk, does not fit; git waits for an answer.
        QueueInvalid: there is no such source, or the repository cannot be rebased as it stands.
        UnknownRecipe, RecipeInvalid: as `opening.open_`.
    """
    if recipe and (not folder.exists() or not any(folder.iterdir())):
        opening.open_(recipe, folder, root, cache, progress)
    made = at(folder)
    recipe = saving.recipe_of(made, recipe)
    _forget_today(made)
    if made.path("rebase-merge").exists():
        _go_on(made, recipe, root)
    else:
        series.must_be_clean(made)
        bottom = series.root_of(made)
        series.must_be_patches(made, series.read(made, bottom), headed=False)
        tree = source.of_words(recipe, onto, root, Store(cache.store), progress)
        new = opening.root_commit(made, tree)
        made.git("update-ref", _BEFORE, "HEAD")
        options = ["--merge", "--no-stat", "--no-fork-point", "--empty=drop", "--no-verify"]
        _run(made, recipe, root, "rebase", *options, "--onto", new, bottom)
    return _done(made)


def _go_on(made: Repository, recipe: str, root: Path) -> None:
    if made.git("ls-files", "--unmerged"):
        raise _conflict(made, recipe, root)
    _run(made, recipe, root, "rebase", "--continue")


def _run(made: Repository, recipe: str, root: Path, *command: str) -> None:
    done = made.try_git(*command)
    if made.path("rebase-merge").exists():
        if made.git("ls-files", "--unmerged"):
            raise _conflict(made, recipe, root)
        raise QueueInvalid(
            "git has stopped rebasing",
            where=str(made.folder),
            details=said(done),
            todo="`git add` what you changed; `git rebase --skip` leaves out a patch that has nothing to change here.",
        )
    if done.returncode:
        raise QueueInvalid(
            "git does not rebase", where=str(made.folder), details=said(done), todo="see what git says above."
        )


def _done(made: Repository) -> Rebased:
    bottom = series.root_of(made)
    made.git("tag", "--force", UPSTREAM, bottom)
    commits = series.read(made, bottom)
    there = {commit.subject for commit in commits}
    old = made.git("rev-list", "--max-parents=0", _BEFORE)
    before = made.git("log", "--reverse", "--format=%s", f"{old}..{_BEFORE}").splitlines()
    text = made.git("show", "-s", "--format=%B", bottom)
    dropped = tuple(subject for subject in before if subject not in there)
    return Rebased(text.partition("\n")[0], source.sum_in(text), len(commits), dropped)


def _conflict(made: Repository, recipe: str, root: Path) -> PatchConflicts:
    subject = made.git("show", "-s", "--format=%s", "REBASE_HEAD")
    names = {patch.subject: patch.name for patch in opening.load(root, recipe)}
    patch = names.get(subject, subject)
    details = []
    for file in made.git("diff", "--name-only", "--diff-filter=U", "-z").strip("\0").split("\0"):
        details += _about(made, file)
    return PatchConflicts(
        f"{patch} conflicts with {made.git('show', '-s', '--format=%s', _root_below(made))}",
        where=str(made.folder),
        details=details,
        todo="solve it in the file, `git add` it, and call this again; `git rebase --skip` leaves the patch out, "
        "`git rebase --abort` gives it all up.",
    )


def _root_below(made: Repository) -> str:
    return made.git("rev-list", "--max-parents=0", "HEAD").split()[0]


def _about(made: Repository, file: str) -> list[str]:
    """The hunks of the patch that do not fit a file, which is put beside it as it is without them."""
    diff = made.git_bytes("diff-tree", "-p", "--no-commit-id", *_CHANGES, "REBASE_HEAD", "--", file)
    found = hunks(diff)
    today = made.try_git("show", f":2:{file}")
    if today.returncode:
        return [f"{file}: {hunk.title}" for hunk in found] + [f"  {file} is not there any more"]
    beside = made.folder / f"{file}{TODAY}"
    beside.write_bytes(today.stdout)
    misfits = [hunk for hunk in found if not _fits(hunk, today.stdout)] or found
    return [*(f"{file}: {hunk.title}" for hunk in misfits), f"  today's file: {beside}"]


def _fits(hunk: Hunk, data: bytes) -> bool:
    lines, wanted = data.splitlines(), list(hunk.before)
    return any(lines[at : at + len(wanted)] == wanted for at in range(len(lines) - len(wanted) + 1))


def _forget_today(made: Repository) -> None:
    for name in made.git("ls-files", "--others", "-z", "--", f"*{TODAY}").strip("\0").split("\0"):
        if name:
            (made.folder / name).unlink()
    exclude = made.path("info/exclude")
    text = exclude.read_text(encoding="utf-8") if exclude.is_file() else ""
    if f"*{TODAY}" not in text.splitlines():
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text(f"{text}*{TODAY}\n", encoding="utf-8")
