"""What a program of some platform is run with on this machine; see `kafka_forge.emulators` for how it is obtained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge.errors import EmulatorCrashed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Runner:
    """What stands before the command of a program.

    Attributes:
        emulator: its name; empty where the machine itself runs the platform.
        prefix: put before every command.
        environment: environment variables that it needs.
        slowness: by how much longer programs may take than on a machine of their own.
        crashed: takes a program's exit status and the last lines of its output; returns what the emulator says of
            its own crash, or None where it was the program (or nothing) that failed.
        path: how a path of this machine is spelled for the program.
        path_variable: which variable the program's PATH is made from, where PATH itself is not handed on to it.
    """

    emulator: str = ""
    prefix: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    slowness: float = 1.0
    crashed: Callable[[int, Sequence[str]], str | None] = lambda _status, _lines: None
    path: Callable[[Path], str] = str
    path_variable: str = "PATH"

    def command(self, arguments: Sequence[str | Path]) -> list[str | Path]:
        """Return the command that runs a program of the platform with its arguments."""
        return [*self.prefix, *arguments]

    def check(self, status: int, lines: Sequence[str], where: str) -> None:
        """Tell the emulator's own crash apart from a failing program.

        Args:
            status: the exit status; negative where a signal ended the process.
            lines: the last lines of what it wrote.
            where: what was being tried.

        Raises:
            EmulatorCrashed: it was the emulator.
        """
        said = self.crashed(status, lines)
        if said is not None:
            raise EmulatorCrashed(
                f"the emulator {self.emulator} crashed: {said}",
                where=where,
                details=lines,
                todo="try again; this says nothing about the artifact, which a machine of the platform can try.",
            )


NATIVE = Runner()
"""The machine itself runs the program."""
