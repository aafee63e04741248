"""How our programs end: what Python does at its end is done, the interpreter is not taken down, the status is ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PRELUDE = """
import atexit, os, sys, tempfile, threading, time, weakref
from kafka_forge.ground import leaving

class Fatal:
    def __del__(self): os.abort()

fatal = Fatal()  # it lives until the interpreter is taken down
"""


BUFFERED = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}


def ended(body: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{PRELUDE}\n{body}"]
    return subprocess.run(command, env=BUFFERED, capture_output=True, text=True, timeout=60, check=False)


def test_such_a_program_would_be_ended_by_a_signal() -> None:
    assert ended("sys.exit(3)").returncode == -signal.SIGABRT


@pytest.mark.parametrize(
    ("body", "status", "output", "errors"),
    [
        ("leaving.run(lambda: print('said', end=''))", 0, "said", ""),
        ("leaving.run(lambda: 3)", 3, "", ""),
        ("leaving.run(lambda: sys.exit(4))", 4, "", ""),
        ("leaving.run(sys.exit)", 0, "", ""),
        ("leaving.run(lambda: sys.exit('why'))", 1, "", "why\n"),
        ("leaving.run(lambda: {}['a'])", 1, "", "KeyError: 'a'\n"),
        ("sys.stdout = None\nleaving.run(lambda: 5)", 5, "", ""),
        ("sys.stdout.close()\nleaving.run(lambda: 5)", 5, "", ""),
        ("atexit.register(lambda: {}['b'])\nleaving.run(lambda: 6)", 6, "", "KeyError: 'b'\n"),
        ("leaving.leave(7)", 7, "", ""),
        ("atexit.register(print, 'not said')\nprint('said', end='')\nleaving.end(8)", 8, "said", ""),
    ],
)
def test_the_status_is_that_of_the_program(body: str, status: int, output: str, errors: str) -> None:
    done = ended(body)
    assert (done.returncode, done.stdout) == (status, output)
    assert done.stderr.endswith(errors)
    assert bool(done.stderr) == bool(errors)


def test_threads_are_waited_for_and_what_is_registered_runs_in_order(tmp_path: Path) -> None:
    body = f"""
from concurrent.futures import ThreadPoolExecutor
room = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})
def work():
    time.sleep(0.5)
    print(os.path.isdir(room.name), end=" ")
atexit.register(print, "second", end=" ")
atexit.register(print, "first", end=" ")
threading.Thread(target=work).start()
pool = ThreadPoolExecutor(1)  # nobody shuts it down
pool.submit(work)
leaving.run(lambda: 9)
"""
    done = ended(body)
    assert (done.returncode, done.stdout, done.stderr) == (9, "True True first second ", "")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_cuts_the_waiting_short_and_not_the_status(tmp_path: Path) -> None:
    mark = tmp_path / "waits"
    body = f"""
def leaves():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame and frame.f_code.co_name != "leave": frame = frame.f_back
    return frame is not None
def work():
    while not leaves(): time.sleep(0.01)
    open({str(mark)!r}, "w").close()
    time.sleep(30)
threading.Thread(target=work).start()
atexit.register(print, "registered")
leaving.run(lambda: 10)
"""
    child = subprocess.Popen([sys.executable, "-c", f"{PRELUDE}\n{body}"], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    status = None
    while status is None and time.monotonic() < deadline:
        time.sleep(0.5)
        os.kill(child.pid, signal.SIGINT)
        status = child.poll()
    output, _ = child.communicate()
    assert (child.returncode, output) == (10, "registered\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize(("status", "told"), [(0, 90), (3, 3)])
def test_output_that_is_lost_at_the_end_is_no_success(status: int, told: int) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        command = [sys.executable, "-c", f"{PRELUDE}\nprint('lost')\nleaving.run(lambda: {status})"]
        done = subprocess.run(command, env=BUFFERED, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(full)
    assert done.returncode == told
    assert done.stderr == "error: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("status", [0, 3])
def test_a_reader_who_has_gone_changes_no_status_once_all_is_done(status: int) -> None:
    command = [sys.executable, "-c", f"{PRELUDE}\nprint('unheard')\nleaving.run(lambda: {status})"]
    child = subprocess.Popen(command, env=BUFFERED, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout
    assert child.stderr
    child.stdout.close()
    assert (child.stderr.read(), child.wait(60)) == (b"", status)
