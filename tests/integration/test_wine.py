"""A program for Windows is built here and run under wine, which leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from kafka_forge import platforms
from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from pathlib import Path
from tests.zig import compiled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,  # minutes of fetching; short of the nightly run, what it shows changes with wine.py alone
    pytest.mark.skipif(platforms.current() != "linux-64", reason="wine is locked for linux-64 only"),
]

PROGRAM = r"""
#include <stdio.h>
int main(int count, char **arguments) { printf("%d %s\n", count, arguments[1]); return 7; }
"""
RUN = """
import sys
from pathlib import Path
from kafka_forge.ground import processes
from kafka_forge.emulators import wine
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
runner = wine.obtain(Cache.default(), Silent())
done = processes.run(
    runner.command([sys.argv[1], runner.path(Path(sys.argv[1]))]), environment=runner.environment, timeout=120
)
print(done.returncode, done.output.decode())
"""


def test_a_windows_program_runs_and_wine_ends_with_the_toolkit(tmp_path: Path) -> None:
    program = compiled("x86_64-windows-gnu", PROGRAM, tmp_path / "program.exe")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(program)], capture_output=True, text=True, check=False, timeout=600
    )
    windows = "Z:" + str(program).replace("/", "\\")
    assert done.stdout.split() == ["7", "2", windows], done.stderr
    home = str(Cache.default().work)
    assert [each.pid for each in psutil.process_iter(["environ"]) if _prefix(each).startswith(home)] == []


def _prefix(process: psutil.Process) -> str:
    environment: dict[str, str] = process.info["environ"] or {}
    return environment.get("WINEPREFIX", "")
