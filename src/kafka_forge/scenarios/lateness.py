"""How late an asyncio loop is, and how much of that is the machine's doing. Standard library only.

Runs inside the fresh environment. A loop can be late for three reasons: something keeps it, something keeps the GIL, or
the system had no processor for a thread that was ready. The last is no client's fault, and Linux counts it: the run
delay, the second number of ``schedstat`` of each thread in ``/proc`` (Documentation/scheduler/sched-stats.rst).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

EVERY = 0.005
"""Seconds between two beats."""
_TASKS = Path("/proc/self/task")
_NANOSECONDS = 1e9


class Heartbeat:
    """Beats while its block runs, and measures each beat's lateness."""

    def __init__(self) -> None:
        self._late: list[float] = []
        self._own: list[float] = []
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Heartbeat:
        self._beating = asyncio.ensure_future(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        before = run_delays()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            late = max(0.0, loop.time() - due)
            after = run_delays()
            self._late.append(late)
            if before is not None and after is not None:
                self._own.append(max(0.0, late - _grown(before, after)))
            before = after

    def told(self) -> dict[str, Any]:
        """Return how many ``beats`` there were and, in milliseconds, how late: ``worst``, ``p99``, ``unexplained``.

        The last is the worst beyond what threads of this process, but for librdkafka's own, waited for a processor
        meanwhile; None where the system does not count that.
        """
        ordered = sorted(self._late)
        if not ordered:
            return {"beats": 0, "worst": None, "p99": None, "unexplained": None}
        return {
            "beats": len(ordered),
            "worst": _ms(ordered[-1]),
            "p99": _ms(ordered[int(0.99 * (len(ordered) - 1))]),
            "unexplained": _ms(max(self._own)) if self._own else None,
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


def _grown(before: dict[str, int], after: dict[str, int]) -> float:
    return sum(delay - before.get(thread, 0) for thread, delay in after.items()) / _NANOSECONDS


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
