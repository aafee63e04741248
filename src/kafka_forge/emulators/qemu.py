"""qemu-user: runs the Linux programs of another processor; system calls go to this machine's kernel.

qemu itself is one static program, out of Debian's package. The C library that the programs load is Debian's for their
processor: what conda packages rightly take from the system. Both are obtained by lock, see `bootstrap/emulators.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.emulators import shelf
from kafka_forge.values.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_SLOWNESS = 8.0
"""Python takes about this much longer."""
_PROCESSORS = {"qemu-aarch64": ("-cpu", "max,pauth-impdef=on")}
"""Options that choose the processor. Debian signs return addresses on ARM (PAC). With qemu's default, the algorithm
that ARM published, importing pykafka takes five times as long; the other one is as strict (QEMU, "Arm CPU Features").
"""


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
    folder = shelf.ensure(name, cache, progress)
    return Runner(
        emulator=name,
        prefix=(str(folder / "bin" / f"{name}-static"), *_PROCESSORS.get(name, ()), "-L", str(folder / "sysroot")),
        slowness=_SLOWNESS,
        crashed=lambda status, lines: _crashed(name, status, lines),
    )


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
