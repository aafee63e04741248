"""Keeps a wine server: ``python wine_guard.py FOLDER SECONDS`` with the folder of ``wineserver`` and ``wine64``.

It starts the server and boots the prefix, writes the boot's exit status in one line, and waits for the end of its
standard input. That comes with the toolkit's own end, however that comes about; then everything under wine is ended.
The server has SECONDS to see to that. It was seen to let go of its lock, by which `wineserver --kill` takes it for
ended, and then to wait for ever for its services, which wait for it; and these do not notice when it is killed. So
whatever still has this prefix is killed, too. The variables of wine are in its environment. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = Path("/proc")


def main(folder: Path, seconds: float) -> None:
    """Do it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([folder / "wineserver", "--foreground", "--persistent"], **quiet)  # type: ignore[call-overload]
    boot = subprocess.run([folder / "wine64", "wineboot"], check=False, **quiet)  # type: ignore[call-overload]
    sys.stdout.write(f"{boot.returncode}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run([folder / "wineserver", "--kill"], check=False, timeout=seconds, **quiet)  # type: ignore[call-overload]
        server.wait(seconds)
    for process in _left(os.environ["WINEPREFIX"]):
        with contextlib.suppress(OSError):  # it has just ended
            os.kill(process, signal.SIGKILL)
    server.wait()


def _left(prefix: str) -> Iterator[int]:
    """Give the processes that have this prefix, but for this one."""
    mark = f"WINEPREFIX={prefix}".encode()
    for folder in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or is another user's
            if int(folder.name) != os.getpid() and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
