"""How late an asyncio loop is, and how much of that is the machine's doing. Standard library only.

Runs inside the fresh environment. A loop can be late because something keeps it, because something keeps the GIL, or
because the system had no processor for a thread that was ready. The last is no client's fault, and Linux counts it:
the run delay, the second number of ``schedstat`` of each thread in ``/proc`` (Documentation/scheduler/sched-stats.rst),
and on a virtual machine what the host took from its processors while they were wanted: ``steal``, the eighth number
of the first line of ``/proc/stat`` (proc(5)).
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

EVERY = 0.005
"""Seconds between two beats."""
LATE_MS = 20.0
"""How late a loop may be by the client's doing, in the best of the rounds: a stall of the client shows in each."""
_TASKS, _STAT = Path("/proc/self/task"), Path("/proc/stat")
_NANOSECONDS = 1e9


class Beat(NamedTuple):
    """One beat of a loop, all in seconds.

    Attributes:
        late: after the time when it was due.
        waited: by threads of this process, but for librdkafka's own, for a processor.
        stolen: by the host, from all processors of a virtual machine.
        collecting: by Python's garbage collector.
        busy: of a processor, by the loop's own thread.
    """

    late: float
    waited: float
    stolen: float
    collecting: float
    busy: float

    @property
    def own(self) -> float:
        """What of the lateness the machine does not explain."""
        return max(0.0, self.late - self.waited - self.stolen)


class Heartbeat:
    """Beats while its block runs, and measures each beat's lateness.

    Args:
        explained: whether it is told apart what of that the machine explains. Under an emulator it is not: what an
            emulator does itself cannot be, and to ask at each beat for every thread took all of the loop's time.
    """

    def __init__(self, *, explained: bool = True) -> None:
        self._beats: list[Beat] = []
        self._explained, self._counts = explained, False
        self._collected = self._began = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Heartbeat:
        gc.callbacks.append(self._collects)
        self._beating = asyncio.ensure_future(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        gc.callbacks.remove(self._collects)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._began

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        before, stolen = self._machine()
        self._counts = before is not None
        while True:
            collected, busy = self._collected, time.thread_time()
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            late = max(0.0, loop.time() - due)
            after, taken = self._machine()
            waited = _grown(before or {}, after or {})
            spent = self._collected - collected, time.thread_time() - busy
            self._beats.append(Beat(late, waited, max(0.0, taken - stolen), *spent))
            before, stolen = after, taken

    def _machine(self) -> tuple[dict[str, int] | None, float]:
        return (run_delays(), _stolen()) if self._explained else (None, 0.0)

    def told(self) -> dict[str, Any]:
        """Return how many ``beats`` there were and, in milliseconds, how late: ``worst``, ``p99``, ``unexplained``.

        The last is the worst beyond what the machine explains, and ``then`` what that beat was made of, as `Beat` has
        it; both None where the system does not count that, or is not asked.
        """
        if not self._beats:
            return {"beats": 0, "worst": None, "p99": None, "unexplained": None, "then": None}
        ordered = sorted(each.late for each in self._beats)
        worst = max(self._beats, key=lambda each: each.own)
        return {
            "beats": len(ordered),
            "worst": _ms(ordered[-1]),
            "p99": _ms(ordered[int(0.99 * (len(ordered) - 1))]),
            "unexplained": _ms(worst.own) if self._counts else None,
            "then": {name: _ms(seconds) for name, seconds in worst._asdict().items()} if self._counts else None,
        }


def run_delays() -> dict[str, int] | None:
    """Return thread → nanoseconds for which it was ready and had no processor; None where the system does not count.

    librdkafka's own threads are left out.
    """
    try:
        threads = list(_TASKS.iterdir())
    except OSError:
        return None
    return {each.name: delay for each in threads if (delay := _run_delay(each)) is not None} or None


def _run_delay(thread: Path) -> int | None:
    try:
        if (thread / "comm").read_text(encoding="utf-8").startswith("rdk:"):
            return None  # librdkafka's own threads do without the GIL
        return int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):  # it has ended, or the system does not tell
        return None


def _stolen() -> float:
    """Return the seconds that the host has taken from all processors so far; 0 where the system does not tell."""
    try:
        first = _STAT.read_text(encoding="ascii").split("\n", 1)[0]
        return int(first.split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError, AttributeError):
        return 0.0


def _grown(before: dict[str, int], after: dict[str, int]) -> float:
    return sum(delay - before.get(thread, 0) for thread, delay in after.items()) / _NANOSECONDS


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
