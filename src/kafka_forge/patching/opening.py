"""A recipe's patches as a git repository: its source, and on it one commit a patch."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import PatchDoesNotApply, QueueInvalid, RecipeInvalid
from kafka_forge.ground.files import Store, atomic_path
from kafka_forge.patching import recipe_list, repository, source
from kafka_forge.patching.patch import Patch, hunks, parse
from kafka_forge.patching.repository import AUTHOR, UPSTREAM, Repository

if TYPE_CHECKING:
    import subprocess

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_PLACE = re.compile(r"^error: patch failed: (.+):(\d+)$", re.MULTILINE)
_OTHER = re.compile(r"^error: (?:(.+): )?((?:does not exist|already exists|corrupt patch|No valid patches).*)$", re.M)


def open_(recipe: str, folder: Path, root: Path, cache: Cache, progress: Progress) -> int:
    """Make the repository of a recipe's patches; return how many there are.

    Args:
        recipe: the recipe's name.
        folder: a folder that is new or empty; it is whole when this returns, and as it was if it raises.
        root: the checkout.
        cache: where sources are kept.
        progress: told of each patch.

    Raises:
        QueueInvalid: the folder is not empty.
        PatchDoesNotApply: a patch does not fit what the ones before it leave.
        UnknownRecipe, RecipeInvalid, SourceUnreachable, …: as `source.of_recipe`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise QueueInvalid("the folder is not empty", where=str(folder), todo="name one that is new, or empty.")
    patches = load(root, recipe)
    tree = source.of_recipe(recipe, root, Store(cache.store), progress)
    folder = folder.absolute()
    with atomic_path(folder) as draft, progress.task(f"patches of {recipe}", len(patches)) as task:
        draft.mkdir()
        authors = [patch.author for patch in patches if patch.author]
        made = repository.create(draft, authors[-1] if authors else AUTHOR)
        made.set("recipe", recipe)
        commit = root_commit(made, tree)
        made.git("tag", UPSTREAM, commit)
        made.git("read-tree", commit)
        for patch in patches:
            task.note(patch.name)
            commit = made.commit_tree(
                apply(made, patch, recipe, progress), [commit], patch.message, patch.author or AUTHOR
            )
            task.advance()
        made.git("reset", "--quiet", "--hard", commit)
    return len(patches)


def load(root: Path, recipe: str) -> list[Patch]:
    """Return a recipe's patches, in order.

    Raises:
        UnknownRecipe: there is no such recipe.
        RecipeInvalid: it lists a patch that is not there, or one twice.
    """
    folder = source.folder_of(recipe, root)
    names = recipe_list.read(folder / "recipe.yaml")
    for number, name in enumerate(names):
        if not (folder / name).is_file() or name in names[:number]:
            raise RecipeInvalid(
                f"the recipe lists {name}, which is {'not there' if name not in names[:number] else 'listed twice'}",
                where=str(folder / "recipe.yaml"),
                todo="mend the list of patches.",
            )
    return [parse(name, (folder / name).read_bytes()) for name in names]


def root_commit(made: Repository, tree: source.Tree) -> str:
    """Add a commit without parents that holds a source's files, every byte and every file as it is."""
    return made.commit_tree(tree_of(made, tree), [], tree.message)


def tree_of(made: Repository, tree: source.Tree) -> str:
    """Return git's tree of a source's files; nothing but objects is added to the repository."""
    with tempfile.TemporaryDirectory(prefix="kafka-forge-source-") as name:
        files = Path(name) / "files"
        files.mkdir()
        source.unpack(tree, files)
        index = {
            "GIT_INDEX_FILE": str(Path(name) / "index"),
            "GIT_DIR": str(made.folder.absolute() / made.git("rev-parse", "--git-dir")),
            "GIT_WORK_TREE": str(files),
        }
        there = Repository(files)
        there.git("add", "--all", "--force", ".", environment=index)
        return there.git("write-tree", environment=index)


def apply(made: Repository, patch: Patch, recipe: str, progress: Progress) -> str:
    """Apply a patch to the repository's index, and return the tree that this gives.

    A hunk that fits in one other place only is taken, and said: saving corrects where it says that it belongs.

    Raises:
        PatchDoesNotApply: it does not fit.
    """
    done = try_apply(made, patch)
    if done.returncode:
        raise _refused(patch, recipe, done)
    if moved := shifted(done):
        progress.say(f"{patch.name} does not say where its hunks are, which saving will correct: {'; '.join(moved)}")
    return made.git("write-tree")


def shifted(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Return what git says of hunks that it found in another place than they name."""
    return [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "(offset " in line]


def try_apply(
    made: Repository, patch: Patch, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Apply a patch to an index, by git, which knows no fuzz; hunks that fit elsewhere are in what it says."""
    return made.try_git(
        "apply", "--cached", "--verbose", "--whitespace=nowarn", "-", stdin=patch.data, environment=environment
    )


def _refused(patch: Patch, recipe: str, done: subprocess.CompletedProcess[bytes]) -> PatchDoesNotApply:
    text = done.stderr.decode("utf-8", "replace")
    details = []
    for file, line in _PLACE.findall(text):
        at = [hunk for hunk in hunks(patch.diff) if hunk.file == file and hunk.line == int(line)]
        details.append(f"{file}: {at[0].title}" if at else f"{file}, line {line}")
    details += [": ".join(part for part in found if part) for found in _OTHER.findall(text)]
    return PatchDoesNotApply(
        f"{patch.name} does not apply to what is before it",
        where=patch.name,
        details=details or text.strip().splitlines()[-6:],
        todo=f"git knows no fuzz: make the hunk fit the source that recipes/{recipe} names, or go back to the source "
        "that it was made for, and use `kafka-forge patches rebase` to get to another.",
    )
