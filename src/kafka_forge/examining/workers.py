"""Who works on the artifacts of a run, side by side."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.ground.progress import Task

_C = TypeVar("_C")
_T = TypeVar("_T")


class Workers(contextlib.ExitStack):
    """``jobs`` workers, and as many beside them for what takes all of a processor while the others mostly wait."""

    def __init__(self, jobs: int, task: Task) -> None:
        """``task`` advances with each piece of work."""
        super().__init__()
        self._waiting = self.enter_context(ThreadPoolExecutor(jobs, thread_name_prefix="examine"))
        self._busy = self.enter_context(ThreadPoolExecutor(jobs, thread_name_prefix="translate"))
        self._task = task
        self._failed = threading.Event()

    def each(
        self,
        work: Callable[[_C], _T],
        cases: Sequence[_C],
        *,
        between: Callable[[], None] | None = None,
        others: Sequence[_C] = (),
        busy: Sequence[_C] = (),
    ) -> list[_T]:
        """Do the same with all, and return what came of it; what one of them raises ends the others.

        Args:
            work: what is done.
            cases: with these first, in this order.
            between: done by one of the same workers once all of ``cases`` have ended.
            others: with these then.
            busy: and with these beside all of that.
        """
        futures = [self._waiting.submit(self._one, work, case) for case in cases]
        apart = [self._waiting.submit(self._after, list(futures), between)] if between else []
        futures += [self._waiting.submit(self._one, work, case) for case in others]
        futures += [self._busy.submit(self._one, work, case) for case in busy]
        try:
            every: list[Future[Any]] = [*futures, *apart]
            done, _ = wait(every, return_when=FIRST_EXCEPTION)
            for each in done:
                each.result()
            return [future.result() for future in futures]
        except BaseException as error:
            self._failed.set()
            for pool in (self._waiting, self._busy):
                pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                processes.end_all()  # else leaving the pools would wait for the clients
            raise

    def _one(self, work: Callable[[_C], _T], case: _C) -> _T:
        done = work(case)
        self._task.advance()
        return done

    def _after(self, before: Sequence[Future[Any]], work: Callable[[], None]) -> None:
        for future in before:
            future.result()
        if not self._failed.is_set():
            work()
