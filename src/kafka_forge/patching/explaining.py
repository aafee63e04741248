"""What one patch of a recipe is for: why, what it answers, its tests, its files and their sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import UnknownPatch
from kafka_forge.patching import opening
from kafka_forge.patching.headers import Message, read_message
from kafka_forge.patching.patch import hunks

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.patching.patch import Patch


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a patch does to one file; ``added`` and ``removed`` are lines, ``kind`` is new, gone, changed or binary."""

    file: str
    kind: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Explained:
    """One patch.

    Attributes:
        number: its place in the series, from 1.
        name: its path in the recipe's folder.
        message: what its header says.
        files: what it changes.
        lines: the length of the patch, with its header.
    """

    number: int
    name: str
    message: Message
    files: tuple[FileChange, ...]
    lines: int


def all_of(root: Path, recipe: str) -> list[Explained]:
    """Explain every patch of a recipe, in order; errors as `opening.load`."""
    return [_explained(number, patch) for number, patch in enumerate(opening.load(root, recipe), 1)]


def one_of(root: Path, recipe: str, number: int) -> Explained:
    """Explain one patch.

    Raises:
        UnknownPatch: there is none of that number.
        UnknownRecipe, RecipeInvalid: as `opening.load`.
    """
    patches = opening.load(root, recipe)
    if not 0 < number <= len(patches):
        raise UnknownPatch(
            f"{recipe} has no patch {number}",
            todo=f"name one of 1 to {len(patches)}." if patches else "name a recipe that has patches.",
        )
    return _explained(number, patches[number - 1])


def _explained(number: int, patch: Patch) -> Explained:
    parts = re.split(rb"^(?=diff --git )", patch.diff, flags=re.MULTILINE)
    files = tuple(_change(part) for part in parts if b"\n" in part)
    return Explained(number, patch.name, read_message(patch.message), files, patch.data.count(b"\n"))


def _change(part: bytes) -> FileChange:
    names = re.search(rb"^diff --git a/.* b/(.+)$", part, re.MULTILINE) or re.search(rb"^\+\+\+ (\S+)", part, re.M)
    lines = [line for hunk in hunks(part) for line in hunk.lines]
    kinds = {b"\nnew file mode ": "new", b"\ndeleted file mode ": "gone", b"\nGIT binary patch\n": "binary"}
    kind = next((kind for mark, kind in kinds.items() if mark in part), "changed")
    added, removed = (sum(line.startswith(mark) for line in lines) for mark in (b"+", b"-"))
    return FileChange(names[1].decode("utf-8", "replace") if names else "?", kind, added, removed)
