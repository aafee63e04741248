"""kafka-tools, the program that pykafka installs, as tests run it."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pykafka_env import PykafkaEnv

SECONDS = 60
"""A command's bound."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left.

    Attributes:
        status: its exit status.
        out: the lines of its standard output.
        error: the lines of its standard error.
    """

    status: int
    out: list[str]
    error: list[str]

    def rows(self) -> list[list[str]]:
        """The cells of its table, without the heads."""
        (rule,) = (number for number, line in enumerate(self.out) if line.strip().startswith("---"))
        return [line.split() for line in itertools.takewhile(str.strip, self.out[rule + 1 :])]


@dataclass(frozen=True, slots=True)
class Tools:
    """The program in its environment, and the broker.

    Attributes:
        env: where pykafka is installed.
        address: ``HOST:PORT`` of the broker.
    """

    env: PykafkaEnv
    address: str

    def command(self, *arguments: str) -> list[str]:
        return [str(self.env.python.parent / "kafka-tools"), "-b", self.address, *arguments]

    def run(self, *arguments: str, **environment: str) -> Ended:
        ended = subprocess.run(
            self.command(*arguments),
            env={**self.env.variables, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout.splitlines(), ended.stderr.splitlines())

    def succeed(self, *arguments: str) -> Ended:
        ended = self.run(*arguments)
        assert (ended.status, ended.error) == (0, []), ended
        return ended
