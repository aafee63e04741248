"""Keeps a wine server: ``python wine_guard.py FOLDER SECONDS`` with the folder of ``wineserver`` and ``wine64``.

It starts the server and boots the prefix, writes the boot's exit status in one line, and waits for the end of its
standard input. That comes with the toolkit's own end, however that comes about; then everything under wine is ended.
The server has SECONDS for that: it waits for all that runs under it, and was seen to wait for ever for what was gone,
while `wineserver --kill` took it for ended, as it holds its lock no longer. The variables of wine are in its
environment. Standard library only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(folder: Path, seconds: float) -> None:
    """Do it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([folder / "wineserver", "--foreground", "--persistent"], **quiet)  # type: ignore[call-overload]
    boot = subprocess.run([folder / "wine64", "wineboot"], check=False, **quiet)  # type: ignore[call-overload]
    sys.stdout.write(f"{boot.returncode}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    try:
        subprocess.run([folder / "wineserver", "--kill"], check=False, timeout=seconds, **quiet)  # type: ignore[call-overload]
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()  # what is left under wine ends when its server does
        server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
