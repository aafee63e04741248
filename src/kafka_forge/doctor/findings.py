"""A finding: what is wrong, how bad it is, what shows it, and what to type next."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(str, Enum):
    """How bad it is, and what exit status it makes."""

    BROKEN = "broken"
    WARNING = "warning"
    NOTE = "note"

    @property
    def status(self) -> int:
        """Return the exit status: 2 for what cannot work, 1 for what does harm in ordinary use, 0 for the rest."""
        return {"broken": 2, "warning": 1, "note": 0}[self.value]


class Finding(BaseModel):
    """One thing that was found.

    Attributes:
        id: a name that stays; of a known fault, that of its entry.
        level: ``broken``: it cannot work; ``warning``: it does harm in ordinary use; ``note``: in a use that is named.
        client: which client it is about; None where it is the environment's.
        what: one sentence.
        evidence: what shows it, a line each.
        next: what to do, as it can be typed where it is a command.
        source: a public page that says so, of a known fault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    level: Level
    client: str | None = None
    what: str
    evidence: tuple[str, ...] = ()
    next: str
    source: str | None = None


def status(findings: Iterable[Finding]) -> int:
    """Return the exit status that findings make together.

    >>> status([])
    0
    """
    return max((finding.level.status for finding in findings), default=0)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return them by level, and in the order in which they were found within one."""
    return sorted(findings, key=lambda finding: -finding.level.status)
