"""Asks an installed pykafka what it makes of arguments, in both modes: the outside of inside_pykafka/edges.py."""

from __future__ import annotations

import json
import math
import pickle
import select
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from .pykafka_env import PykafkaEnv

SECONDS = 200.0
"""An answer's bound."""
MODES = (False, True)
"""use_rdkafka."""
SHORT = settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

NUMBERS = (0, 1, -1, -2, 2, 999, 1000, 1.5, 100.0, 2**15, 2**31 - 1, 2**31, 2**40, 2**63, 10**30, -(10**30))
ODD: tuple[Any, ...] = (None, "", "5", b"5", math.nan, math.inf, -math.inf, [], {}, True)
numbers = st.sampled_from((*NUMBERS, *ODD)) | st.integers(-(2**33), 2**33) | st.floats()
"""What may be handed over where a number is asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a client.

    Attributes:
        outcome: what was produced, consumed or held, or the exception: its class and text.
        left: threads and descriptors that were there after the end.
    """

    outcome: Any
    left: list[str]

    @property
    def refused(self) -> bool:
        """Whether an exception came of it."""
        return isinstance(self.outcome, str)

    def refuses(self, name: str) -> bool:
        """Whether the argument was refused by its name, and as one refuses arguments."""
        kind, _, text = str(self.outcome).partition(": ")
        return kind in {"TypeError", "ValueError"} and f"{name}=" in text


class Asked:
    """One process in pykafka's environment, which answers until it is closed."""

    def __init__(self, env: PykafkaEnv, address: str, topic: str, room: Path) -> None:
        self.log, self._error = room / "log", room / "stderr"
        command = [str(env.python), "-X", "faulthandler", "-W", "error::ResourceWarning", "-m", "inside_pykafka.edges"]
        with self._error.open("wb") as error:
            self._process = subprocess.Popen(
                [*command, address, topic, str(self.log)],
                env=dict(env.variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=error,
            )

    def ask(self, kind: str, use_rdkafka: bool, arguments: dict[str, Any]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = pickle.dumps((kind, use_rdkafka, arguments)).hex()
        self._process.stdin.write(question.encode() + b"\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS)
        if not ready:
            self._process.send_signal(signal.SIGABRT)  # faulthandler shows where it stands
            self._process.wait()
        line = self._process.stdout.readline()
        assert line, f"it ended in the course of {kind} {use_rdkafka} {arguments}: {self.printed()[-3000:]}"
        return Answer(**json.loads(line))

    def both(self, kind: str, name: str, value: Any, **others: Any) -> tuple[Answer, Answer]:
        """The pure mode's answer and librdkafka's; neither leaves anything, and who refuses does so by name."""
        pure, c = (self.ask(kind, mode, {**others, name: value}) for mode in MODES)
        for answer in (pure, c):
            assert answer.left == [], (kind, name, value, answer)
            assert not answer.refused or answer.refuses(name), (kind, name, value, answer)
        return pure, c

    def printed(self) -> str:
        return self._error.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End it, and see that it printed nothing and ended well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(60) == 0, self.printed()
        assert self.printed() == ""
        assert "%s" not in (log := self.log.read_text(encoding="utf-8", errors="replace")), log
