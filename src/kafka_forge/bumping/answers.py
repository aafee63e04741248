"""What places have answered lately, kept in the cache: so that a look is quick, and says how old it is."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 3600.0
"""How long an answer is good for a look; what is to be changed is always asked anew."""
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by question, in a folder of the cache.

    Attributes:
        folder: a file for each question.
        seconds: how old an answer may be; 0 asks anew.
    """

    folder: Path
    seconds: float = SECONDS

    def ask(self, question: str, place: Callable[[], Any]) -> tuple[Any, float]:
        """Return an answer, as JSON has it, and its age in seconds.

        Args:
            question: what is asked, in words that hold for this question alone.
            place: who is asked where no answer is there that is new enough.

        Raises:
            whatever ``place`` raises; nothing is kept then.
        """
        file = self.folder / f"{hashlib.sha256(f'{_FORMAT} {question}'.encode()).hexdigest()[:32]}.json"
        kept = _kept(file, question)
        if kept is not None and 0 <= (age := time.time() - kept["at"]) < self.seconds:
            return kept["answer"], age
        answer = place()
        row = {"question": question, "at": time.time(), "answer": answer}
        write_text_atomic(file, json.dumps(row, indent=1) + "\n")
        return answer, 0.0


def _kept(file: Path, question: str) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return row if row["question"] == question and isinstance(row["at"], float) and "answer" in row else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none yet, or not ours to trust
