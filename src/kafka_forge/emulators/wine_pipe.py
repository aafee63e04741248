"""Runs one Windows program under wine and hands its output on: ``python wine_pipe.py WINE PROGRAM [ARGUMENT …]``.

Python for Windows does not start under wine where its standard output or error is a file, so it gets pipes here. And
what a program starts in the background, wine's own desktop among it, inherits them: so the end of the program is
waited for, and not the end of its output. The exit status is the program's. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

_REST = 2.0
"""Seconds that output may still take to come in when the program has ended."""


def _hand_on(source: int, target: int) -> None:
    while chunk := os.read(source, 65536):
        while chunk:
            chunk = chunk[os.write(target, chunk) :]


def main() -> int:
    """Run the program; return its exit status."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if child.stdout is None or child.stderr is None:
        return 1
    pairs = [(child.stdout.fileno(), 1), (child.stderr.fileno(), 2)]
    threads = [threading.Thread(target=_hand_on, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    status = child.wait()
    for thread in threads:
        thread.join(_REST)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    os._exit(main())
