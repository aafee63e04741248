"""Runs programs and sees to it that they end, and that their folder goes, when whoever started this ends.

Called by file name with nothing but the standard library (``python -I -S guard.py FOLDER PROGRAM ARGUMENT...``).
More programs may follow, each after an argument ``--``; they are started in this order and ended from the last on.
Standard input is a pipe whose other end only the starter holds: its end of file means "stop", and the kernel closes
it however the starter ends, ``kill -9`` included. Standard output gets the programs' process ids, in one line.
A line ``again`` starts the last program anew once it has ended; its new process id is the answer.
If the last program ends by itself, its exit status is left in ``FOLDER/exit``, and the folder stays until the pipe
closes. If the guard itself is killed, Linux ends the programs (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_REMOVALS = 50
_PAUSE = 0.1


def _die_with_guard() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _start(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    before_exec = _die_with_guard if sys.platform.startswith("linux") else None
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=before_exec,  # noqa: PLW1509  (this process has one thread when it forks)
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program at once: what it holds goes with the folder, and a polite Kafka takes up to ten seconds."""
    if child.poll() is None:
        child.kill()
        child.wait()


def _remove(folder: Path) -> None:
    """Remove the folder; what another one is just writing into it (a class archive) ends with our starter."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_PAUSE)


def main(arguments: list[str]) -> None:
    """Start, tell the process ids, wait for the end of standard input, end the programs, remove the folder."""
    folder = Path(arguments[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    children: list[subprocess.Popen[bytes]] = []
    try:
        for program in _programs(arguments[1:]):
            children.append(_start(folder, program))  # noqa: PERF401  (those that started must end if the next fails)
        print(*(child.pid for child in children), flush=True)  # noqa: T201
        reaper = _reap(children[-1], folder)
        for line in sys.stdin.buffer:
            if line.strip() == b"again":
                reaper.join()
                children[-1] = _start(folder, _programs(arguments[1:])[-1])
                print(children[-1].pid, flush=True)  # noqa: T201
                reaper = _reap(children[-1], folder)
    finally:
        for child in reversed(children):
            _end(child)
        _remove(folder)


def _programs(arguments: list[str]) -> list[list[str]]:
    programs: list[list[str]] = [[]]
    for argument in arguments:
        if argument == "--":
            programs.append([])
        else:
            programs[-1].append(argument)
    return programs


def _reap(child: subprocess.Popen[bytes], folder: Path) -> threading.Thread:
    thread = threading.Thread(target=_note_exit, args=(child, folder), daemon=True)
    thread.start()
    return thread


def _note_exit(child: subprocess.Popen[bytes], folder: Path) -> None:
    status = child.wait()
    try:
        (folder / "exit").write_text(str(status), encoding="ascii")
    except OSError:
        return  # the folder is being removed: nobody asks any more


if __name__ == "__main__":
    main(sys.argv[1:])
