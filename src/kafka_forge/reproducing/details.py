"""What diffoscope tells of two packages that differ, where the machine has it: https://diffoscope.org."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from kafka_forge.ground import processes

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 600.0
_DIFFERENT = 1
"""diffoscope's exit status where it found what differs; 2 is an error of its own."""


def write(a: Path, b: Path, target: Path) -> Path | None:
    """Have diffoscope compare two packages; return the text that it wrote, or None where there is no diffoscope.

    Nothing hangs on it: `kafka_forge.reproducing.differences` has told where they differ already. A diffoscope that
    fails, or takes more than ten minutes, leaves no text.

    Args:
        a: the first package.
        b: the second one, of the same name.
        target: the text file.
    """
    program = shutil.which("diffoscope")
    if program is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    done = processes.run([program, "--text", target, a, b], timeout=_SECONDS)
    return target if done.returncode == _DIFFERENT and target.is_file() else None
