"""The commits of a repository as a recipe's patches: only what changed is written, all of it or nothing."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import QueueInvalid
from kafka_forge.ground.files import Store, explain_os_errors
from kafka_forge.patching import opening, recipe_list, series, source
from kafka_forge.patching.headers import read_message
from kafka_forge.patching.mails import head_of, slug
from kafka_forge.patching.patch import Patch, parse
from kafka_forge.patching.repository import AUTHOR, UPSTREAM, Repository, at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.patching.series import Commit

_FOLDER = "patches"
_NUMBER = re.compile(r"^\d+-")


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did.

    Attributes:
        recipe: the recipe's name.
        total: how many patches there are now.
        changed: names of patches whose change or message is another.
        adjusted: names of patches that do the same, where other patches have changed what is around it.
        new: names of patches that were not there.
        gone: names of patches that are not there any more.
        renamed: old name → new name, where only the number is another.
        tests: the tests that the changed and the new ones name.
    """

    recipe: str
    total: int
    changed: tuple[str, ...]
    adjusted: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: Mapping[str, str]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A patch as it is to be: its name, its bytes, and the one that it was."""

    name: str
    data: bytes
    message: str
    was: Patch | None


def save(recipe: str | None, folder: Path, root: Path, cache: Cache, progress: Progress) -> Saved:
    """Write a repository's commits as a recipe's patches, and the recipe's list of them.

    Args:
        recipe: the recipe's name; None for the one that the repository was opened for.
        folder: the repository.
        root: the checkout.
        cache: where sources are kept.
        progress: told of each patch.

    Raises:
        QueueInvalid: the repository cannot be saved as it stands: something is under way or not committed, a merge,
            a mending on its own, two of one name, a header that lacks something, another source than the recipe's.
        UnknownRecipe, RecipeInvalid: there is no such recipe, or its list cannot be changed.
        DiskFull, NotWritable: nothing has been changed.
    """
    made = at(folder)
    recipe = recipe_of(made, recipe)
    series.must_be_clean(made)
    bottom = series.root_of(made)
    commits = series.read(made, bottom)
    patches = opening.load(root, recipe)
    others = [read_message(patch.message) for patch in patches]
    series.must_be_patches(
        made, commits, headed=bool(others) and all(other.answers and other.tests for other in others)
    )
    _must_be_source(made, bottom, recipe, root, cache, progress)
    made.git("tag", "--force", UPSTREAM, bottom)  # git rebase on another source has left it behind
    written = _written(made, commits, patches, progress, recipe)
    target = root / "recipes" / recipe
    saved = _compared(recipe, written, patches)
    known = {each.name: each.was.name for each in written if each.was}
    text = recipe_list.replaced(target / "recipe.yaml", [each.name for each in written], known)
    files: dict[str, bytes | None] = {patch.name: None for patch in patches}
    files |= {each.name: each.data for each in written}
    files["recipe.yaml"] = text.encode("utf-8")
    exchange(target, files)
    return saved


def recipe_of(made: Repository, named: str | None) -> str:
    """Return the recipe that a repository is for.

    Raises:
        QueueInvalid: it does not know, and none is named; or another is.
    """
    opened = made.setting("recipe")
    if opened is None and named is None:
        raise QueueInvalid(
            "the repository does not know its recipe", where=str(made.folder), todo="name it: `… RECIPE DIR`."
        )
    if opened and named and opened != named:
        raise QueueInvalid(
            f"the repository was opened for {opened}, not for {named}",
            where=str(made.folder),
            todo=f"leave out {named}, or name another folder.",
        )
    return str(named or opened)


def exchange(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Give files of a folder other bytes, or (None) take them away: all of them, or none.

    A file that has these bytes already is not touched. What is new is written under a temporary name beside, so that
    only renaming is left; where that fails half-way, it is undone.

    Raises:
        DiskFull, NotWritable: nothing has been changed.
    """
    todo = {name: data for name, data in files.items() if _bytes_of(folder / name) != data}
    with explain_os_errors(folder):
        room = Path(tempfile.mkdtemp(prefix=".patches.", suffix=".part", dir=folder))
        done: list[tuple[Path, Path]] = []
        try:
            for number, data in enumerate(todo.values()):
                if data is not None:
                    (room / f"new-{number}").write_bytes(data)
            for number, (name, data) in enumerate(todo.items()):
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                if target.exists():
                    _move(target, room / f"old-{number}", done)
                if data is not None:
                    _move(room / f"new-{number}", target, done)
        except BaseException:
            for begin, end in reversed(done):
                end.rename(begin)
            raise
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _move(begin: Path, end: Path, done: list[tuple[Path, Path]]) -> None:
    begin.rename(end)
    done.append((begin, end))


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _must_be_source(made: Repository, bottom: str, recipe: str, root: Path, cache: Cache, progress: Progress) -> None:
    wanted, version = source.asked_for(recipe, root)
    found = source.sum_in(made.git("show", "-s", "--format=%B", bottom))
    if found == wanted.sha256:
        return
    if found is None:  # a repository that was made by other means: the files themselves say
        tree = source.of_recipe(recipe, root, Store(cache.store), progress)
        if opening.tree_of(made, tree) == made.git("rev-parse", f"{bottom}^{{tree}}"):
            return
    title = made.git("show", "-s", "--format=%s", bottom)
    raise QueueInvalid(
        f"the commits stand on {title}, and the recipe names {recipe} {version}",
        where=str(made.folder),
        details=[f"the recipe's sha256 {wanted.sha256}", f"the repository's   {found or 'is that of no archive'}"],
        todo=f"put version and sha256 of that source into recipes/{recipe}/recipe.yaml first, or put the commits on "
        f"the recipe's with `kafka-forge patches rebase {recipe} {made.folder} --onto {version}`.",
    )


def _written(
    made: Repository, commits: Sequence[Commit], patches: Sequence[Patch], progress: Progress, recipe: str
) -> list[_Written]:
    known = {patch.subject: patch for patch in patches}
    written = []
    with progress.task(f"patches of {recipe}", len(commits)) as task:
        for number, commit in enumerate(commits, 1):
            was = known.get(commit.subject)
            name = _name(number, commit.subject, was, patches)
            task.note(name)
            same = was is not None and _is_same(made, commit, was)
            data = was.data if was and same else _data(made, commit, was)
            written.append(_Written(name, data, commit.message, was))
            task.advance()
    return written


def _name(number: int, subject: str, was: Patch | None, patches: Sequence[Patch]) -> str:
    """A patch keeps its name but for its number; one without a number keeps all of it."""
    if was is None:
        folder = patches[-1].name.rpartition("/")[0] if patches else _FOLDER
        return f"{folder}/{number:04d}-{slug(subject)}.patch".lstrip("/")
    folder, slash, name = was.name.rpartition("/")
    digits = _NUMBER.match(name)
    if digits is None:
        return was.name
    return f"{folder}{slash}{number:0{len(digits[0]) - 1}d}-{name[len(digits[0]) :]}"


def _is_same(made: Repository, commit: Commit, was: Patch) -> bool:
    """Whether a patch, as it stands, is this very commit: its words, its change, its places and its blobs."""
    if commit.message != was.message or (was.author or AUTHOR) != commit.author:
        return False
    with tempfile.TemporaryDirectory(prefix="kafka-forge-index-") as room:
        index = {"GIT_INDEX_FILE": str(Path(room) / "index")}
        made.git("read-tree", commit.parent, environment=index)
        done = opening.try_apply(made, was, index)
        if done.returncode or opening.shifted(done):
            return False
        if made.git("write-tree", environment=index) != made.git("rev-parse", f"{commit.sha}^{{tree}}"):
            return False
    return _names_blobs(made, commit, was)


def _names_blobs(made: Repository, commit: Commit, was: Patch) -> bool:
    raw = made.git("diff-tree", "-r", "--no-renames", "--no-commit-id", "--no-abbrev", commit.parent, commit.sha)
    real = [tuple(line.split()[2:4]) for line in raw.splitlines()]
    named = [(before.decode(), after.decode()) for before, after in was.blobs()]
    return all(any(b.startswith(before) and a.startswith(after) for b, a in real) for before, after in named)


def _data(made: Repository, commit: Commit, was: Patch | None) -> bytes:
    """A patch's bytes: as ``git format-patch`` writes them, with the head that was there if it says the same."""
    kept = was is not None and commit.message == was.message and (was.author or AUTHOR) == commit.author
    head = was.head if was and kept else head_of(commit.author, commit.message)
    form = ["--no-renames", "--abbrev=8", "--no-color", "--no-ext-diff", "--no-textconv", "--binary"]
    form += ["--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--diff-algorithm=myers"]
    if was and kept and not was.mail:
        summary: list[str] = []
    else:
        head, summary = f"{head.rstrip(chr(10))}\n---\n", ["--stat=80", "--summary"]
    # with a summary asked for, git sets it off by an empty line
    difference = made.git_bytes("diff-tree", "-r", *form, *summary, "--patch", commit.parent, commit.sha)
    return head.encode("utf-8", "surrogateescape") + difference


def _compared(recipe: str, written: Sequence[_Written], patches: Sequence[Patch]) -> Saved:
    new = [each for each in written if each.was is None]
    other = [each for each in written if each.was and each.was.data != each.data]
    changed = [each for each in other if _substance(parse(each.name, each.data)) != _substance(each.was)]
    stay = {each.was.name for each in written if each.was}
    tests = [test for each in [*changed, *new] for test in read_message(each.message).tests]
    return Saved(
        recipe,
        len(written),
        tuple(each.name for each in changed),
        tuple(each.name for each in other if each not in changed),
        tuple(each.name for each in new),
        tuple(patch.name for patch in patches if patch.name not in stay),
        {each.was.name: each.name for each in written if each.was and each.was.name != each.name},
        tuple(dict.fromkeys(tests)),
    )


def _substance(patch: Patch | None) -> tuple[object, ...]:
    return (patch.message, patch.author or AUTHOR, patch.substance()) if patch else ()
