"""Pieces of work of which some wait for others, done side by side: what is free begins, and an error ends the rest."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, MutableMapping, Sequence
    from collections.abc import Set as AbstractSet

Work = TypeVar("Work")
Made = TypeVar("Made")


def run(
    waiting: MutableMapping[str, Work],
    ready: Callable[[AbstractSet[str]], Sequence[str]],
    make: Callable[[Work], Made],
    take: Callable[[str, Future[Made]], None],
    jobs: int,
    begin: Callable[[], None] | None = None,
) -> None:
    """Do all that waits, each as soon as it may begin.

    Args:
        waiting: name → work. What begins is taken out; ``take`` may take out what can be made no more.
        ready: told the names of what is under way, gives those in ``waiting`` that may begin now, the first first.
        make: does one piece of work; called in threads of its own.
        take: told the name of what has ended, and how, in this thread. What it raises ends all.
        jobs: how many are under way at most.
        begin: called once in each of those threads, before all else that it does.

    Raises:
        ValueError: what is left waits for itself.
        KeyboardInterrupt: and with it, every process that was started is ended.
        Exception: what ``take`` raises. Nothing more begins; what is under way may finish.
    """
    running: dict[Future[Made], str] = {}
    with ThreadPoolExecutor(jobs, thread_name_prefix="work", initializer=begin) as pool:
        try:
            while waiting or running:
                for name in ready({*running.values()})[: jobs - len(running)]:
                    running[pool.submit(make, waiting.pop(name))] = name
                _require(running, waiting)
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    take(running.pop(future), future)
        except KeyboardInterrupt:
            processes.end_all()  # else leaving the pool would wait for the compilers
            raise
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)  # what is being built may finish, and is kept
            raise


def _require(running: Collection[object], waiting: Collection[str]) -> None:
    if not running:
        raise ValueError(f"nothing of this can begin: {', '.join(waiting)}")
