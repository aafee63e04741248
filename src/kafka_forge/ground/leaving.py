"""The one place where our programs end: with their own exit status, whatever their libraries do.

py-rattler's threads let go of their Python objects a moment after its last call has returned, and obstore's wait for
nobody. An interpreter that is being taken down meanwhile is ended by SIGSEGV or SIGABRT: after all the work, and with
another exit status than the verdict (seen with py-rattler 0.28 in one of six short processes). So nothing is taken down
here: what Python would do at its end is done, in its order, and then the process ends at once.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, NoReturn

from kafka_forge import _let_rattler_end

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSED_PIPE = 128 + 13
"""Whoever read our output has gone before all was said: as a shell tells of SIGPIPE."""
OUTPUT_LOST = 90
"""All was well but for the output, which could not be written: that of `errors.DiskFull`."""


def run(program: Callable[[], int | None]) -> NoReturn:
    """Run a program to its end, and end with the status that it returns; one that raises has failed as ever."""
    leave(_status_of(program))


def leave(status: int) -> NoReturn:
    """End the process as a whole interpreter would: threads are waited for, and what is registered by atexit runs.

    Ctrl-C cuts the waiting short, not the status.
    """
    atexit.unregister(_let_rattler_end)  # what it waits for, nothing here depends on
    try:
        for step in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]  # noqa: SLF001
            with contextlib.suppress(KeyboardInterrupt):
                step()
    finally:
        end(status)


def end(status: int) -> NoReturn:
    """End the process as it is: what was written is flushed, and nobody is waited for.

    A status of 0 does not stand where output was lost.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, signal.SIG_IGN)
    lost = [error for error in map(_flushed, (sys.stdout, sys.stderr)) if error is not None]
    os._exit(status or (OUTPUT_LOST if lost else 0))


def _flushed(stream: object) -> OSError | None:
    """Flush a stream; return why that cannot be done, unless it is that nobody listens any more."""
    try:
        getattr(stream, "flush", lambda: None)()
    except ValueError:  # it has been closed
        return None
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.EBADF):
            return None
        with contextlib.suppress(OSError, ValueError):
            os.write(2, f"error: the output could not be written: {error.strerror}\n".encode())
        return error
    return None


def _status_of(program: Callable[[], int | None]) -> int:
    try:
        return program() or 0
    except SystemExit as ended:
        return status_of_exit(ended)
    except BaseException:  # noqa: BLE001  (as Python itself would, at the end of a program)
        from kafka_forge.errors.hiding import hidden

        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(hidden(traceback.format_exc()))  # what caused it may name a URL with a password
        return 1


def status_of_exit(ended: SystemExit) -> int:
    """Return the status that an exit means; rich exits with 1 where nobody reads its output any more."""
    if isinstance(ended.__context__, BrokenPipeError):
        return CLOSED_PIPE
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{ended.code}\n")
    return 1
