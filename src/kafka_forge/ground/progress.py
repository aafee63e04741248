"""How a stage tells what it is doing, without knowing who listens (a terminal, a log, nobody)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, amount: float = 1) -> None:
        """Say that ``amount`` more of the total (units: those of ``total``) is done."""

    def note(self, text: str) -> None:
        """Say in a few words what is being done right now."""


class Progress(Protocol):
    """The listener that is handed down the flow. Its methods may be called from several threads."""

    def task(self, label: str, total: float | None = None) -> AbstractContextManager[Task]:
        """Open a piece of work; it is over when the context ends. ``total`` is in steps or bytes."""

    def say(self, text: str) -> None:
        """Tell the user one line that stays."""

    def begins(self, text: str) -> None:
        """Tell that something begins which may take minutes, for a listener that tells of a task at its end only."""


class _SilentTask:
    def advance(self, amount: float = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Silent:
    """A progress that nobody listens to: for use from Python and in tests."""

    @contextlib.contextmanager
    def task(self, label: str, total: float | None = None) -> Iterator[Task]:  # noqa: ARG002
        """See `Progress.task`."""
        yield _SilentTask()

    def say(self, text: str) -> None:
        """See `Progress.say`."""

    def begins(self, text: str) -> None:
        """See `Progress.begins`."""
