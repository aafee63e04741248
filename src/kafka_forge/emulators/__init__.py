"""How a program of a platform is run on this machine: as it is, by an emulator, or not at all.

What an emulator needs is obtained by lock (``bootstrap/emulators.yaml``) into the cache and run from there, without a
change of the system and without root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.values.runner import NATIVE

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.runner import Runner


def runner(platform: str, cache: Cache, progress: Progress) -> Runner | None:
    """Return how programs of a platform are run here; None where this machine cannot run them.

    Args:
        platform: the conda subdir.
        cache: where emulators stand; what is missing is obtained.
        progress: told about downloads.

    Raises:
        EmulatorMissing: the machine could run them, and lacks something that the tool does not install; names the
            command that does.
        SourceUnreachable, ChecksumMismatch: from obtaining an emulator.
    """
    from kafka_forge.emulators import qemu, wine

    name = platforms.of(platform).emulator
    if name is None:
        return None
    if translates(platform):
        return qemu.obtain(name, cache, progress)
    if name == "wine":
        return wine.obtain(cache, progress)
    return NATIVE


def translates(platform: str) -> bool:
    """Whether what runs a platform here translates another processor's code.

    A client takes all of a processor then, where it mostly waits otherwise.
    """
    return (platforms.of(platform).emulator or "").startswith("qemu-")


def rolled(platform: str, cache: Cache) -> tuple[str, ...]:
    """Return in words what stands for locked packages in what runs a platform here, see `kafka_forge.sources.rolling`.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    from kafka_forge.emulators import shelf

    name = platforms.of(platform).emulator
    return shelf.rolled(name, cache) if name else ()
