"""Child processes that never outlive us: each in a process group of its own, ended when we end.

Worker threads don't see Ctrl-C; the main thread does, and calls `end_all`. A child also dies with us when we are
killed outright (Linux: PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from kafka_forge.ground import hearing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_GRACE = 5.0
_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_ending = threading.Event()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended.

    Attributes:
        returncode: its exit status; negative where a signal ended it.
        ended_for: why we ended it, in words; empty where it ended by itself.
        seconds: wall time.
        output: what it wrote to standard output (empty where that went to a log), `hearing.MOST` bytes at most.
    """

    returncode: int
    ended_for: str
    seconds: float
    output: bytes = b""


def _die_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return before_exec


@contextlib.contextmanager
def started(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child in its own process group; when the block ends, however it ends, the whole group is gone.

    PR_SET_PDEATHSIG follows the *thread* that forked, so the block must not outlive its thread.
    """
    if _ending.is_set():
        raise KeyboardInterrupt
    child = subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=dict(environment) if environment is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_die_with_parent(),  # noqa: PLW1509  (only calls prctl: no lock is taken after the fork)
    )
    with _lock:
        _running.add(child)
    try:
        yield child
    finally:
        end(child)
        with _lock:
            _running.discard(child)


def run(
    arguments: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run a child to its end.

    Args:
        arguments: the program and its arguments; no shell is involved.
        log: a file that standard error is appended to, and standard output too.
        cwd: the folder it runs in.
        environment: all of its environment variables; None hands on ours.
        timeout: seconds after which its process group is ended. It is, too, when it writes more than is kept.

    Returns:
        Its status, and its standard output where there is no log.
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        sink: int | IO[bytes] = subprocess.PIPE
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            sink = stack.enter_context(log.open("ab"))
        errors = subprocess.STDOUT
        child = stack.enter_context(started(arguments, cwd=cwd, environment=environment, stdout=sink, stderr=errors))
        heard = hear(child, timeout)
    if _ending.is_set():
        raise KeyboardInterrupt
    return Finished(child.returncode, heard.ended_for, time.monotonic() - begun, heard.output)


def hear(
    child: subprocess.Popen[bytes], seconds: float | None = None, watch: Callable[[], None] | None = None
) -> hearing.Heard:
    """Hear a child out, as `hearing.hear`; whose time is up, or who says too much, is ended with its whole group."""
    return hearing.hear(child, end, seconds, watch)


def end(child: subprocess.Popen[bytes], grace: float = _GRACE) -> None:
    """End a child's whole process group: first politely, after ``grace`` seconds for certain."""
    if child.poll() is None:
        _signal_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    _signal_group(child, getattr(signal, "SIGKILL", signal.SIGTERM))
    child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)


def ending() -> bool:
    """Whether `end_all` has been called: work that runs no children asks this between its steps."""
    return _ending.is_set()


def end_all() -> None:
    """End every child that still runs, and let no new one start: the last thing a program does."""
    _ending.set()
    with _lock:
        children = list(_running)
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        _signal_group(child, getattr(signal, "SIGKILL", signal.SIGTERM))


atexit.register(end_all)
