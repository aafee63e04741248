"""qemu-user: runs the Linux programs of another processor; system calls go to this machine's kernel.

qemu itself is one static program, out of Debian's package. The C library that the programs load is Debian's for their
processor: what conda packages rightly take from the system. Both are obtained by lock, see `bootstrap/emulators.yaml`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge import platforms
from kafka_forge.bases import tools
from kafka_forge.errors import EmulatorMissing
from kafka_forge.files import Store, explain_os_errors
from kafka_forge.paths import project_root
from kafka_forge.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.paths import Cache
    from kafka_forge.progress import Progress

_SLOWNESS = 8.0
"""Python takes about this much longer."""


def obtain(name: str, cache: Cache, progress: Progress) -> Runner:
    """Return the runner of a Linux platform; the emulator is made in the cache where it is not there yet.

    Args:
        name: the emulator's name in ``bootstrap/emulators.yaml``, for example ``qemu-aarch64``.
        cache: where it stands: ``emulators/NAME-KEY``.
        progress: told about downloads.

    Raises:
        EmulatorMissing: no lock has it for this machine.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining it.
        DiskFull, NotWritable: the file system refuses.
    """
    folder = _ensure(name, cache, progress)
    return Runner(
        emulator=name,
        prefix=(str(folder / "bin" / f"{name}-static"), "-L", str(folder / "sysroot")),
        slowness=_SLOWNESS,
        crashed=lambda status, lines: _crashed(name, status, lines),
    )


def _ensure(name: str, cache: Cache, progress: Progress) -> Path:
    """Return the emulator's folder, which is made at once or not at all."""
    lock = project_root() / "bootstrap" / "emulators.yaml"
    package = next((each for each in tools.load(lock, platforms.current()) if each.name == name), None)
    if package is None:
        raise EmulatorMissing(
            f"there is no {name} for {platforms.current()}",
            where=str(lock),
            todo="verify on linux-64, or on a machine of that platform.",
        )
    folder = cache.emulators / f"{name}-{package.build}"
    with explain_os_errors(cache.emulators):
        cache.emulators.mkdir(parents=True, exist_ok=True)
        with FileLock(cache.emulators / ".lock"):
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=cache.emulators) as room:
                    tools.lay_out(package, Path(room) / "tree", Store(cache.store), progress)
                    (Path(room) / "tree").rename(folder)
    return folder


def _crashed(name: str, status: int, lines: Sequence[str]) -> str | None:
    """Return qemu's words about its own failure.

    ``uncaught target signal`` is the program's crash, not qemu's: qemu then ends by the same signal, as the program
    would have. A qemu that fails itself says so in other words, with its own name or its own source file before them.

    >>> _crashed("qemu-aarch64", -11, ["qemu: uncaught target signal 11 (Segmentation fault) - core dumped"]) is None
    True
    >>> _crashed("qemu-aarch64", -6, ["ERROR:../../accel/tcg/cpu-exec.c:954:cpu_exec: assertion failed: (cpu)"])[:6]
    'ERROR:'
    """
    if status == 0:
        return None
    own = [
        line
        for line in lines
        if line.startswith((f"{name}-static: ", f"{name}: ", "qemu: unhandled", "qemu: fatal"))
        or ("tcg/" in line and "ERROR:" in line)
    ]
    return own[-1] if own else None
