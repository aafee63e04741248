"""One scenario in several modes, each in a fork of a process that has read and imported everything.

Standard library only; runs inside the fresh environment, where that is a POSIX system's. It is for emulated processors:
there a Python takes seconds until it is started and has imported its client, and translates its own code anew in each
process.

It is started with the path of the scenario, and for each mode the path of its request and that of a file for its
standard error. What a mode writes to standard output is handed on in whole lines, and a last line tells how its
process ended: ``{"ended": INDEX, "status": STATUS}``, with the mode's place on the command line, counted from 0, and a
status as `subprocess.Popen.returncode` has it.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import selectors
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

_PR_SET_PDEATHSIG = 1  # prctl(2)


class _Fork:
    """One mode, in a process of its own."""

    def __init__(self, program: CodeType, script: str, request: str, log: str) -> None:
        self.pipe, write = os.pipe()
        self.left = b""
        self.pid = os.fork()
        if not self.pid:
            _become(program, script, request, log, write)
        os.close(write)

    def hear(self, chunk: bytes) -> bytes:
        """Return the whole lines of what has been said; an unfinished one waits for its end."""
        lines, newline, self.left = (self.left + chunk).rpartition(b"\n")
        return lines + newline


def _become(program: CodeType, script: str, request: str, log: str, write: int) -> None:
    """Be the scenario, as if it had been started by itself; never comes back."""
    status = 1
    try:
        if sys.platform == "linux":  # nothing of ours outlives the toolkit
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), 2)
        os.dup2(write, 1)
        os.close(write)
        sys.argv = [script, request]
        exec(program, {"__name__": "__main__", "__file__": script, "__builtins__": __builtins__})  # noqa: S102
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):  # as Python itself says it
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  (as Python itself ends)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _say(line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[os.write(1, view) :]


def run(script: str, pairs: list[tuple[str, str]]) -> None:
    """Run the scenario once for each pair of a request's path and a log's."""
    sys.path.insert(0, str(Path(script).parent))
    program = compile(Path(script).read_bytes(), script, "exec")
    try:
        importlib.import_module(Path(script).stem)
    except BaseException:  # noqa: BLE001  (a second try could stand on what the first one left, and go well)
        program = compile(f"raise SystemExit({traceback.format_exc().rstrip()!r})", script, "exec")
    with selectors.DefaultSelector() as selector:
        for index, (request, log) in enumerate(pairs):
            fork = _Fork(program, script, request, log)
            selector.register(fork.pipe, selectors.EVENT_READ, (index, fork))
        while selector.get_map():
            for key, _ in selector.select():
                index, fork = key.data
                if chunk := os.read(fork.pipe, 65536):
                    _say(fork.hear(chunk))
                    continue
                selector.unregister(fork.pipe)
                status = os.waitstatus_to_exitcode(os.waitpid(fork.pid, 0)[1])
                _say(json.dumps({"ended": index, "status": status}).encode() + b"\n")


if __name__ == "__main__":
    arguments = sys.argv[2:]
    run(sys.argv[1], list(zip(arguments[::2], arguments[1::2], strict=True)))
