"""Children end with their block, with their time-out, and with their parent."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from kafka_forge.ground import hearing, processes

if TYPE_CHECKING:
    from pathlib import Path

SLEEP_WITH_CHILD = "import subprocess,sys; subprocess.run([sys.executable,'-c','import time; time.sleep(60)'])"


def test_output_and_status_come_back() -> None:
    done = processes.run([sys.executable, "-c", "print('hello'); raise SystemExit(3)"])
    assert (done.returncode, done.output, done.ended_for) == (3, b"hello\n", "")


def test_a_log_takes_both_streams(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log.txt"
    processes.run([sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr)"], log=log)
    assert sorted(log.read_text().split()) == ["a", "b"]


def test_a_time_out_ends_the_whole_group() -> None:
    done = processes.run([sys.executable, "-c", SLEEP_WITH_CHILD], timeout=0.5)
    assert done.ended_for == hearing.TIME_IS_UP
    assert done.seconds < 10
    assert not [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_what_writes_without_end_is_ended_and_only_its_beginning_is_kept() -> None:
    done = processes.run([sys.executable, "-c", "while True: print('again ' * 99)"], timeout=600)
    assert done.ended_for == hearing.TOO_MUCH
    assert len(done.output) == hearing.MOST
    assert done.output.startswith(b"again again")


def test_what_closes_its_output_and_goes_on_is_waited_for() -> None:
    program = "import os, time; os.write(1, b'said'); os.close(1); os.close(2); time.sleep(0.4); os._exit(7)"
    done = processes.run([sys.executable, "-c", program], timeout=600)
    assert (done.output, done.returncode, done.ended_for) == (b"said", 7, "")


def test_whoever_watches_may_end_the_hearing() -> None:
    def watch() -> None:
        raise ValueError

    with pytest.raises(ValueError), processes.started([sys.executable, "-c", SLEEP_WITH_CHILD]) as child:  # noqa: PT011
        processes.hear(child, 600, watch)
    assert child.returncode is not None


def test_leaving_the_block_by_an_exception_ends_the_child() -> None:
    with pytest.raises(RuntimeError), processes.started([sys.executable, "-c", SLEEP_WITH_CHILD]) as child:
        raise RuntimeError
    assert child.poll() is not None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_a_child_dies_when_its_parent_is_killed() -> None:
    program = (
        "import sys; from kafka_forge.ground import processes\n"
        "with processes.started([sys.executable, '-c', 'import time; time.sleep(60)']) as child:\n"
        "    print(child.pid, flush=True); child.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        grandchild = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 5
    while grandchild.is_running() and grandchild.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
