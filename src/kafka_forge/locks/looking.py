"""Ask for every locked file whether it can still be had, from where, without fetching it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.sources import NotObtainedError, Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.progress import Progress
    from kafka_forge.locks.listing import Locked
    from kafka_forge.sources import Provider

_AT_ONCE = 8
"""Questions that are under way at the same time: registries answer each in some tenths of a second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one place said: ``heard`` is False where nobody answered, and so nothing is known."""

    where: str
    there: bool
    heard: bool
    said: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One locked file, and what each of its places said, in their order."""

    locked: Locked
    answers: tuple[Answer, ...]

    @property
    def state(self) -> str:
        """``there``: some place has it; ``gone``: every place says no; ``unknown``: none has it, not all answered."""
        if any(answer.there for answer in self.answers):
            return "there"
        return "gone" if self.answers and all(answer.heard for answer in self.answers) else "unknown"


def look(files: Sequence[Locked], progress: Progress) -> tuple[Looked, ...]:
    """Return what the places of these files say, in the files' order.

    A file of that name is all that is asked for: whether its bytes are the locked ones shows when they are obtained.
    """
    with progress.task("looking for locked files", total=len(files)) as task, ThreadPoolExecutor(_AT_ONCE) as threads:

        def one(locked: Locked) -> Looked:
            places: tuple[Provider, ...] = (*map(Upstream, locked.source.urls), *locked.source.providers)
            looked = Looked(locked, tuple(_ask(place) for place in places))
            task.advance()
            return looked

        return tuple(threads.map(one, files))


def _ask(place: Provider) -> Answer:
    try:
        place.look()
    except NotObtainedError as error:
        return Answer(place.where, there=False, heard=error.heard, said=str(error))
    return Answer(place.where, there=True, heard=True, said="")
