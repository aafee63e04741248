"""The child process that builds under other conditions: ``python -m kafka_forge.reproducing.child JOB.json``.

A process of its own, for its environment, its umask and its host name are all of it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import SupportsIndex

from kafka_forge.reproducing.conditions import begin, deal


def sleep_by_waiting() -> None:
    """Let this process sleep under a clock of its own.

    libfaketime 0.9.10, told to leave the clock alone that only counts, fails each ``clock_nanosleep`` until a time by
    that clock, which is Python's `time.sleep` since 3.11: what waits for a lock or for a process with a timeout would
    end in "Invalid argument" (findings/libfaketime-fails-pythons-sleep.sh). Threads wait otherwise, and that works.
    """

    def sleep(seconds: float | SupportsIndex, /) -> None:
        threading.Event().wait(float(seconds))

    time.sleep = sleep


def main(job: Path) -> None:
    """Build what the job names, in this process."""
    sleep_by_waiting()
    told = json.loads(job.read_text(encoding="utf-8"))
    begin(told["umask"], host=told["host"])  # first: what follows begins threads

    from kafka_forge.building import build
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Silent
    from kafka_forge.values.selection import Selection

    build.build(
        Selection(tuple(told["recipes"]), tuple(told["platforms"]), tuple(told["pythons"])),
        root=Path(told["root"]),
        base=told["base"],
        output=Path(told["output"]),
        cache=Cache.default(),
        jobs=told["jobs"],
        progress=Silent(),
        begin=deal(told["cores"]),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
