"""Keeps a wine server: ``python wine_guard.py FOLDER`` with the folder of ``wineserver`` and ``wine64``.

It starts the server and boots the prefix, writes the boot's exit status in one line, and waits for the end of its
standard input. That comes with the toolkit's own end, however that comes about; then everything under wine is ended.
The variables of wine are in its environment. Standard library only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_SECONDS = 30.0


def main(folder: Path) -> None:
    """Do it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([folder / "wineserver", "--foreground", "--persistent"], **quiet)  # type: ignore[call-overload]
    boot = subprocess.run([folder / "wine64", "wineboot"], check=False, **quiet)  # type: ignore[call-overload]
    sys.stdout.write(f"{boot.returncode}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    subprocess.run([folder / "wineserver", "--kill"], check=False, timeout=_SECONDS, **quiet)  # type: ignore[call-overload]
    server.wait(_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
