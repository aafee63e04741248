"""An environment in which the recipe's pykafka is installed, and a way to run our cases inside it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.environments.activation import variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.values.model import Environment

INSIDE = "inside_pykafka"
SECONDS = 300


@dataclass(frozen=True, slots=True)
class PykafkaEnv:
    """An environment that holds pykafka.

    Attributes:
        python: its interpreter.
        variables: the environment variables of a program in it.
    """

    python: Path
    variables: Mapping[str, str]

    @classmethod
    def of(cls, made: Environment) -> PykafkaEnv:
        """Take a fresh environment."""
        assert made.python is not None
        return cls(made.python, {**variables(made), "PYTHONPATH": str(Path(__file__).parent)})

    def command(self, case: str, address: str, **arguments: Any) -> list[str]:
        """Return the command for one case of inside_pykafka; it wants `variables`.

        Args:
            case: the name of a function in one of its rooms.
            address: ``HOST:PORT`` of the broker.
            arguments: the function's, as JSON knows them.
        """
        return [str(self.python), "-X", "faulthandler", "-m", INSIDE, case, address, json.dumps(arguments)]

    def run(self, case: str, address: str, **arguments: Any) -> Any:
        """Run one case in a process of its own, and return its answer; the arguments are `command`'s."""
        ended = subprocess.run(
            self.command(case, address, **arguments),
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-4000:]
        return json.loads(ended.stdout.splitlines()[-1])
