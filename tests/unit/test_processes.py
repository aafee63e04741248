"""Children end with their block, with their time-out, and with their parent."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from kafka_forge.ground import processes

if TYPE_CHECKING:
    from pathlib import Path

SLEEP_WITH_CHILD = "import subprocess,sys; subprocess.run([sys.executable,'-c','import time; time.sleep(60)'])"


def test_output_and_status_come_back() -> None:
    done = processes.run([sys.executable, "-c", "print('hello'); raise SystemExit(3)"])
    assert (done.returncode, done.output, done.timed_out) == (3, b"hello\n", False)


def test_a_log_takes_both_streams(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log.txt"
    processes.run([sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr)"], log=log)
    assert sorted(log.read_text().split()) == ["a", "b"]


def test_a_time_out_ends_the_whole_group() -> None:
    done = processes.run([sys.executable, "-c", SLEEP_WITH_CHILD], timeout=0.5)
    assert done.timed_out
    assert done.seconds < 10
    assert not [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


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
