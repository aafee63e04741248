"""The source that a recipe's patches are for: its archive by checksum, unpacked as the engine does it."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms, sources
from kafka_forge.engine import drafting, engine
from kafka_forge.errors import ArchiveDamaged, QueueInvalid, RecipeInvalid, UnknownRecipe
from kafka_forge.ground import archives
from kafka_forge.ground.files import Store, sha256_of
from kafka_forge.planning import plan

if TYPE_CHECKING:
    from kafka_forge.ground.progress import Progress

_SUM = re.compile(r"^sha256 ([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tree:
    """A source, as the root of a repository of patches.

    Attributes:
        title: what it is, in one line: the root commit's subject.
        sha256: the sum of its archive; empty where it is no archive of a version.
        path: the archive or folder.
    """

    title: str
    sha256: str
    path: Path

    @property
    def message(self) -> str:
        """The root commit's message."""
        return f"{self.title}\n" + (f"\nsha256 {self.sha256}\n" if self.sha256 else "")


def folder_of(recipe: str, root: Path) -> Path:
    """Return a recipe's folder.

    Raises:
        UnknownRecipe: there is none of that name.
    """
    names = plan.recipe_names(root)
    if recipe not in names:
        raise UnknownRecipe(f"there is no recipe {recipe!r}", todo=f"name one of: {', '.join(names)}.")
    return root / "recipes" / recipe


def asked_for(recipe: str, root: Path) -> tuple[sources.Source, str]:
    """Return the source that a recipe names, and the recipe's version.

    Raises:
        UnknownRecipe: there is no such recipe.
        RecipeInvalid: it does not render, or has not one source.
    """
    folder = folder_of(recipe, root)
    rendered = engine.render(folder, [root / "recipes" / "variants.yaml"], platforms.current())[0]
    found = drafting.sources_of(rendered, sources.load_hints(folder / "sources.yaml"))
    if len(found) != 1:
        raise RecipeInvalid(
            f"the queue is for a recipe with one source, and {recipe} has {len(found)}",
            where=str(folder / "recipe.yaml"),
            todo="name another recipe.",
        )
    return found[0], rendered.version


def of_recipe(recipe: str, root: Path, store: Store, progress: Progress) -> Tree:
    """Obtain the source that a recipe names; errors as `asked_for` and `sources.obtain`."""
    source, version = asked_for(recipe, root)
    return Tree(f"{recipe} {version}", source.sha256, sources.obtain(source, store, progress))


def of_words(recipe: str, onto: str, root: Path, store: Store, progress: Progress) -> Tree:
    """Obtain another version of a recipe's source: a folder, an archive, or a version that is looked for.

    A version is looked for where the recipe's own is: under its URL, and in the places of ``sources.yaml``, with the
    one version put for the other. No checksum is known for it; the one that it has is the answer's.

    Raises:
        QueueInvalid: nothing of that kind is found; ``details`` has each place and its answer.
        UnknownRecipe, RecipeInvalid: as `asked_for`.
    """
    path = Path(onto)
    if path.is_dir():
        return Tree(f"{recipe}: a folder of today", "", path)
    if path.is_file():
        return Tree(f"{recipe}: {path.name}", sha256_of(path), path)
    source, version = asked_for(recipe, root)
    if onto == version:
        return of_recipe(recipe, root, store, progress)
    return Tree(f"{recipe} {onto}", *_looked_for(source, version, onto, store, progress))


def _looked_for(source: sources.Source, old: str, new: str, store: Store, progress: Progress) -> tuple[str, Path]:
    places: list[sources.Provider] = [sources.Upstream(url.replace(old, new)) for url in source.urls if old in url]
    places += [
        sources.PythonIndex(project=hint.project, file=hint.file.replace(old, new))
        for hint in source.providers
        if isinstance(hint, sources.PythonIndex) and old in hint.file
    ]
    answers = []
    store.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".version-", dir=store.root) as room, progress.task(new) as task:
        for place in places:
            draft = Path(room) / "bytes"
            try:
                place.fetch(draft, task)
            except sources.NotObtainedError as error:
                answers.append(f"{place.where}: {error}")
                continue
            sha256 = sha256_of(draft)
            return sha256, store.get(sha256) or store.add(draft, sha256, origin=place.where)
    raise QueueInvalid(
        f"{new!r} is neither a folder, nor an archive, nor a version of {source.name} that is found",
        details=answers,
        todo="name a folder or an archive of that version.",
    )


def unpack(tree: Tree, folder: Path) -> None:
    """Put a source's files into an empty folder, without an archive's one top folder, as the engine does.

    Raises:
        QueueInvalid: it cannot be unpacked.
        ArchiveRefused: it may not be unpacked.
    """
    if tree.path.is_dir():
        shutil.copytree(tree.path, folder, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        return
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=folder.parent) as name:
        room = Path(name) / "source"
        try:
            archives.unpack(tree.path, room)
        except ArchiveDamaged as error:
            raise QueueInvalid(
                f"the source cannot be unpacked: {error.what}", where=str(tree.path), todo="name an archive (tar, zip)."
            ) from error
        inside = list(room.iterdir())
        top = inside[0] if len(inside) == 1 and inside[0].is_dir() else room
        for path in list(top.iterdir()):
            path.rename(folder / path.name)


def sum_in(message: str) -> str | None:
    """Return the checksum that a root commit's message names (`Tree.message`), or None."""
    found = _SUM.search(message)
    return found[1] if found else None
