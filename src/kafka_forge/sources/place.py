"""A place that may hold a source's bytes, and what it answers when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kafka_forge.sources.transform import Transform  # noqa: TC001 - pydantic reads the annotation
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Task


class NotObtainedError(Exception):
    """A place did not give the bytes. Only `obtain` sees it; the user sees all answers together.

    Args:
        reason: what the place answered, in a few words.
        heard: whether anybody answered at all (a "no" counts; a name that does not resolve does not).
    """

    def __init__(self, reason: str, *, heard: bool) -> None:
        super().__init__(reason)
        self.heard = heard


class NonsenseError(NotObtainedError):
    """A place answers with what is no answer of its kind at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, heard=True)


DEBIAN_NOW = "Debian has of"
"""How a line among an error's answers begins that is no place's answer, but tells what there is instead."""


def forgotten(answers: str) -> bool:
    """Tell whether everybody who was asked answers that it has no such file; one that is silent may have it.

    Args:
        answers: what a place's mirrors said, with "; " between them.
    """
    return all(": HTTP 404 " in each for each in answers.split("; "))


class Provider(Protocol):
    """One place to look for the bytes of a source."""

    @property
    def where(self) -> str:
        """The place in words that a user can look up."""

    @property
    def transform(self) -> Transform | None:
        """What turns the bytes found there into the ones that are asked for; None where they are the same."""

    def fetch(self, target: Path, task: Task) -> None:
        """Write the bytes to ``target``. They are not verified here: only the sha256 decides, in `obtain`.

        Raises:
            NotObtainedError: the place does not answer, or does not have them.
        """

    def look(self) -> None:
        """Ask whether the place has a file of that name, without fetching it; its bytes are not looked at.

        Raises:
            NotObtainedError: the place does not answer, or does not have it.
        """


class Hint(Model):
    """What every entry of ``sources.yaml`` may say."""

    transform: Transform | None = None
