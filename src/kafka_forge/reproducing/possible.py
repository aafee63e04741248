"""What of the conditions this machine lets a user bring about: a clock, a host name and a file system of one's own."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.emulators import shelf
from kafka_forge.errors import EmulatorMissing, LockGone, NoNetwork, SourceUnreachable

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

YEAR = 365 * 24 * 3600
"""Seconds by which the second build's clock is ahead."""
HOST = "another-host"
_FAKETIME = "libfaketime"
_ROOM = 4 << 30
"""Bytes that a family's work folders may take on a file system in memory."""
_MEMORY = Path("/dev/shm")  # noqa: S108  (the one file system in memory that Linux has for everybody; a folder is made in it)
_NEW_USER, _NEW_HOST = 0x10000000, 0x04000000
"""CLONE_NEWUSER and CLONE_NEWUTS of Linux's <sched.h>."""


def faketime(cache: Cache, progress: Progress) -> Path:
    """Return libfaketime's library, which comes by lock into the cache.

    Raises:
        EmulatorMissing: no lock has it for this machine.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining it.
        DiskFull, NotWritable: the file system refuses.
    """
    return shelf.ensure(_FAKETIME, cache, progress) / "lib" / "libfaketime.so.1"


def clock(library: Path) -> dict[str, str]:
    """Return the environment variables that put a process's clock a year ahead.

    The clock that only counts stays as it is, for threads wait by that one.
    """
    return {"LD_PRELOAD": str(library), "FAKETIME": f"+{YEAR}", "DONT_FAKE_MONOTONIC": "1"}


def _is_ahead(library: Path) -> bool:
    command = [sys.executable, "-c", "import time; print(time.time())"]
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=60, text=True, env=os.environ | clock(library)
    )
    try:
        return float(done.stdout) > time.time() + YEAR / 2
    except ValueError:
        return False


def memory() -> Path | None:
    """Return a folder on a file system in memory with room for builds: a tmpfs gives a folder's files newest first."""
    try:
        enough = shutil.disk_usage(_MEMORY).free >= _ROOM and os.access(_MEMORY, os.W_OK | os.X_OK)
    except OSError:
        return None
    return _MEMORY if enough else None


def host_names() -> bool:
    """Tell whether a process here may give itself a host name of its own; another process tries it."""
    if sys.platform != "linux":
        return False
    code = "from kafka_forge.reproducing import possible; possible.rename_host()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60).returncode == 0


def rename_host() -> None:
    """Give this process, and what it starts, another host name (``unshare(2)``); it must have one thread only.

    Raises:
        OSError: the machine does not let its users do that.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_HOST) != 0:
        if libc.unshare(_NEW_HOST | _NEW_USER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    socket.sethostname(HOST)


def refusals(cache: Cache, progress: Progress) -> dict[str, str]:
    """Return condition → why this machine cannot have it otherwise; libfaketime is obtained for it."""
    found = {}
    if why := _why_no_year(cache, progress):
        found["year"] = why
    if not host_names():
        found["host-name"] = "this machine lets no user give a process a host name of its own"
    if memory() is None:
        found["file-order"] = (
            "there is no file system in memory with 4 GB free, which would give files in another order"
        )
    return found


def _why_no_year(cache: Cache, progress: Progress) -> str | None:
    try:
        library = faketime(cache, progress)
    except (EmulatorMissing, NoNetwork, SourceUnreachable, LockGone) as error:
        return error.what
    return None if _is_ahead(library) else "libfaketime, which gives a process a clock of its own, does not run here"
