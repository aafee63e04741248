"""What the loads in a loop of asyncio share: the heartbeat beside the work, and messages awaited one by one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kafka_forge.bench.loads import load
else:
    import load

SILENCE = 20.0
"""Seconds after which a consumer that gets nothing has failed."""


class Heart:
    """Beats in the loop from `begin` on, where that is asked for, and notes how late each beat came."""

    def __init__(self, request: load.Request) -> None:
        self._late: list[float] = []
        self._task: asyncio.Task[None] | None = None
        self._asked = request.heartbeat

    def begin(self) -> None:
        """Begin to beat: the clocks start with the next call."""
        if self._asked:
            self._task = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self) -> None:
        now = time.perf_counter
        while True:
            due = now() + load.BEAT
            await asyncio.sleep(load.BEAT)
            self._late.append(now() - due)

    async def end(self, measured: load.Measured) -> load.Measured:
        """End, and say of what was measured how late beats were; ValueError where the loop let none through."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            if not self._late:
                raise ValueError("the loop had no time for a single beat")
            measured.late_p999 = load.percentile(self._late, 999)
        return measured


async def one_by_one(send: Callable[[], Awaitable[Any]], request: load.Request) -> float:
    """Do in a loop what `load.one_by_one` does."""
    latency, now = load.Latency(request), time.perf_counter
    for _ in range(request.messages):
        begun = now()
        await send()
        latency.add(now() - begun)
    return latency.p99
