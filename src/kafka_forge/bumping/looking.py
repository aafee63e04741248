"""A look at what a bump would do, and at what is in the way of each recipe; nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kafka_forge.bumping import choosing, family, obtaining, patches, versions
from kafka_forge.errors import ChecksumMismatch, ForgeError, SourceUnreachable
from kafka_forge.ground.files import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.bumping.answers import Answers
    from kafka_forge.bumping.choosing import Choice
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress


def look(
    names: Sequence[str], to: str | None, root: Path, answers: Answers, cache: Cache, progress: Progress
) -> tuple[Choice, ...]:
    """Return where each recipe would go, and what is in the way; errors as `choosing.choose`, and no others."""
    found = choosing.choose(family.load(root), names, to, root, answers, progress)
    return tuple(_with_ways(choice, root, answers, cache, progress) for choice in found)


def _with_ways(choice: Choice, root: Path, answers: Answers, cache: Cache, progress: Progress) -> Choice:
    ways: list[str] = []
    try:
        obtaining.must_be_unchanged(choice)
    except ChecksumMismatch as error:
        ways += [f"{error.code}: {error.what}", *error.details]
    newest = choice.newest
    wanted = [choice.target] if choice.moves else []
    if not ways and newest and versions.key(newest) > versions.key(choice.target):
        wanted.append(newest)
    for version in wanted:
        ways += _of(choice, version, root, answers, cache, progress)
    return replace(choice, ways=(*choice.ways, *ways))


def _of(choice: Choice, version: str, root: Path, answers: Answers, cache: Cache, progress: Progress) -> list[str]:
    """Return what of source and patches is in the way of a version."""
    try:
        archive = obtaining.obtain(choice, version, answers, Store(cache.store), progress)
        return list(patches.would_conflict(choice.member, archive, root, answers, cache, progress))
    except SourceUnreachable as error:
        return [error.what, *error.details]
    except ForgeError as error:
        return [f"{error.code}: {error.what}", *error.details]
