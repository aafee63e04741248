"""What every error of the toolkit is, and those that are about no stage (KF0xx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kafka_forge.errors.hiding import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence


class ForgeError(Exception):
    """The base of all errors that are meant for the user. Secrets that stand in its texts are taken out.

    Args:
        what: one sentence that says what happened.
        where: the file (with a line where there is one), URL, cell or log that it happened in.
        todo: one sentence that says what to do next.
        details: further lines to show as they are (a log's last lines, what was tried).
    """

    code: ClassVar[str] = "KF000"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, todo: str, where: str | None = None, details: Sequence[str] = ()) -> None:
        self.what = hidden(what)
        self.where = where and hidden(where)
        self.todo = hidden(todo)
        self.details = tuple(map(hidden, details))
        super().__init__(self.what)

    def as_json(self) -> dict[str, Any]:
        """Return the error as a check's evidence."""
        return {"code": self.code, "where": self.where, "details": list(self.details), "next": self.todo}

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines.extend(f"  | {line}" for line in self.details)
        lines.append(f"  next:  {self.todo}")
        return "\n".join(lines)


def said(error: Exception) -> str:
    """Return what an error says, in words that fit into another one's sentence: no code, no number of the system's.

    >>> said(FileNotFoundError(2, "No such file or directory", "x")), said(ValueError("it has no name"))
    ('no such file or directory', 'it has no name')
    """
    if isinstance(error, ForgeError):
        return error.what
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return hidden(str(error))


class Interrupted(ForgeError):
    """The user pressed Ctrl-C, or the process was asked to end."""

    code = "KF001"
    exit_code = 130


class VerdictsNotGreen(ForgeError):
    """The work was done, and at least one verdict is ``fail``."""

    code = "KF002"
    exit_code = 2


class Differs(ForgeError):
    """What was compared (a feedstock with our recipes) is not the same; the differences were printed."""

    code = "KF003"
    exit_code = 3
