"""The folder of an emulator in the cache: laid out once from what ``bootstrap/emulators.yaml`` locks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge import platforms
from kafka_forge.bases import tools
from kafka_forge.errors import EmulatorMissing
from kafka_forge.ground.files import Store, explain_os_errors
from kafka_forge.ground.paths import project_root
from kafka_forge.sources import rolling

if TYPE_CHECKING:
    from kafka_forge.bases.tools import ToolPackage
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress


def ensure(name: str, cache: Cache, progress: Progress, *, lock: Path | None = None) -> Path:
    """Return the emulator's folder, which is made at once or not at all.

    Args:
        name: the emulator's name in ``bootstrap/emulators.yaml``, for example ``qemu-aarch64``.
        cache: where it stands: ``emulators/NAME-KEY``.
        progress: told about downloads.
        lock: another file of that format.

    Raises:
        EmulatorMissing: no lock has it for this machine.
        NoNetwork, SourceUnreachable, ChecksumMismatch, LockGone: from obtaining it.
        DiskFull, NotWritable: the file system refuses.
    """
    lock = lock or _emulators()
    package = _locked(name, lock)
    if package is None:
        raise EmulatorMissing(
            f"there is no {name} for {platforms.current()}",
            where=str(lock),
            todo="verify on linux-64, or on a machine of that platform.",
        )
    folder = cache.emulators / f"{name}-{package.build}"
    rolling.forbid(name, folder, package.sums, Store(cache.store))
    with explain_os_errors(cache.emulators):
        cache.emulators.mkdir(parents=True, exist_ok=True)
        with FileLock(cache.emulators / ".lock"):
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=cache.emulators) as room:
                    tools.lay_out(package, Path(room) / "tree", Store(cache.store), progress)
                    (Path(room) / "tree").rename(folder)
    return folder


def rolled(name: str, cache: Cache) -> tuple[str, ...]:
    """Return in words what stands for locked packages of an emulator, see `kafka_forge.sources.rolling`.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    package = _locked(name, _emulators())
    return rolling.among(package.sums, Store(cache.store)) if package else ()


def _emulators() -> Path:
    return project_root() / "bootstrap" / "emulators.yaml"


def _locked(name: str, lock: Path) -> ToolPackage | None:
    return next((each for each in tools.load(lock, platforms.current()) if each.name == name), None)
