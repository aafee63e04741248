"""What a child says on its standard output, to the end of it, for a time, and up to a size.

A library under test that loops can print megabytes each second: kept whole, that would be our memory.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 16 * 2**20
"""Bytes of output that are kept; nothing that we ask for takes a tenth of it."""
TIME_IS_UP = "its time was up"
TOO_MUCH = f"it wrote more than {MOST // 2**20} MiB"
_EVERY = 1.0
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a child.

    Attributes:
        output: what it wrote to standard output, at most `MOST` bytes, the first ones; empty where that is no pipe.
        ended_for: why we ended it, `TIME_IS_UP` or `TOO_MUCH`; empty where it ended by itself.
    """

    output: bytes
    ended_for: str = ""


class _Ear(threading.Thread):
    """Reads a pipe to its end, so that who writes is never held up, and keeps the beginning."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(name="ear", daemon=True)  # a grandchild of another session may hold the pipe for ever
        self.kept = bytearray()
        self.full = threading.Event()
        self._pipe = pipe
        self.start()

    def run(self) -> None:
        """Read."""
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._pipe.fileno(), 65536):
                self.kept += chunk[: MOST - len(self.kept)]
                if len(self.kept) >= MOST:
                    self.full.set()

    def close(self) -> None:
        """Let go of the pipe, once nobody can write into it any more."""
        self.join(_GRACE)
        if not self.is_alive():
            self._pipe.close()


def hear(
    child: subprocess.Popen[bytes],
    end: Callable[[subprocess.Popen[bytes]], None],
    seconds: float | None = None,
    watch: Callable[[], None] | None = None,
) -> Heard:
    """Hear a child out: until its output and itself have ended.

    Args:
        child: its standard error goes elsewhere, or the same way.
        end: ends it, where it takes too long or says too much.
        seconds: how long it may take; None is for ever.
        watch: called each second meanwhile; what it raises ends the hearing.
    """
    ear = _Ear(child.stdout) if child.stdout else None
    deadline = None if seconds is None else time.monotonic() + seconds
    why = ""
    try:
        while not why and not _over(child, ear, deadline):
            if watch:
                watch()
            why = _enough(ear, deadline)
        if why:
            end(child)
    except BaseException:
        end(child)
        raise
    finally:
        if ear:
            ear.close()
    return Heard(bytes(ear.kept) if ear else b"", why)


def _enough(ear: _Ear | None, deadline: float | None) -> str:
    if ear and ear.full.is_set():
        return TOO_MUCH
    return TIME_IS_UP if deadline is not None and time.monotonic() >= deadline else ""


def _over(child: subprocess.Popen[bytes], ear: _Ear | None, deadline: float | None) -> bool:
    """Wait for a while; return whether the child has ended and all that it said was read."""
    until = min(time.monotonic() + _EVERY, deadline or math.inf)
    if ear:
        ear.join(max(0.0, until - time.monotonic()))
        if ear.is_alive():
            return False
    try:
        child.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
