"""wine: runs the programs of Windows; its system calls become this machine's.

wine itself is Debian's, obtained by lock and run from the cache, without root and without a display. What it calls a
prefix, a ``C:`` drive with its registry, is made once as a model in the cache. Each run of the toolkit has a prefix of
its own on top of that, and one server for all that it runs; with the toolkit both go.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.bases import forwarding
from kafka_forge.emulators import shelf
from kafka_forge.errors import EmulatorCrashed
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.values.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_SLOWNESS = 3.0
"""Programs start more slowly, and then run about as quickly as on Windows."""

_LEAVE_SECONDS = 60.0
_NOTHING_KEPT, _KEPT = 1.0, 30.0
"""Seconds for a server to end by itself: with its prefix, or when it has to write the registry of one that stays."""
_GUARD = Path(__file__).with_name("wine_guard.py")
_PIPE = Path(__file__).with_name("wine_pipe.py")
_REGISTRY = ("system.reg", "user.reg", "userdef.reg", ".update-timestamp")
_SWITCHED_OFF = (
    "mscoree",  # .NET and the browser: wine would ask to download them
    "mshtml",
    "winemenubuilder.exe",
    "wbemprox",  # WMI, which Python 3.12 and later ask and wine 8 cannot answer
    "winedbg.exe",  # the debugger would print pages at a crash, and take seconds
)
_sessions: dict[Path, dict[str, str]] = {}
_starting = threading.Lock()


def obtain(cache: Cache, progress: Progress) -> Runner:
    """Return the runner of win-64; wine, its model prefix and this run's server are made where they are not there.

    Args:
        cache: where they stand: ``emulators/wine-KEY`` and ``emulators/wine-KEY.model``.
        progress: told about downloads.

    Raises:
        EmulatorMissing: no lock has wine for this machine.
        EmulatorCrashed: wine does not start.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining it.
        DiskFull, NotWritable: the file system refuses.
    """
    folder = shelf.ensure("wine", cache, progress)
    with _starting:
        if cache.root not in _sessions:
            with progress.task("start wine"):
                _sessions[cache.root] = _start(folder, _model(folder, cache), cache)
    return Runner(
        emulator="wine",
        prefix=(sys.executable, "-I", "-S", str(_PIPE), str(folder / "lib" / "wine" / "wine64")),
        environment=_sessions[cache.root],
        slowness=_SLOWNESS,
        crashed=crashed,
        path=windows_path,
        path_variable="WINEPATH",
    )


def windows_path(path: Path) -> str:
    r"""Return how Windows programs under wine call a path of this machine: all of it is drive ``Z:``.

    >>> from pathlib import PurePosixPath
    >>> print(windows_path(PurePosixPath("/home/me/python.exe")))
    Z:\home\me\python.exe
    """
    return "Z:" + str(path).replace("/", "\\")


def crashed(status: int, lines: Sequence[str]) -> str | None:
    """Return wine's words about its own failure: a function that it lacks, or a server that is gone.

    >>> crashed(5, ["wine: Unhandled page fault on read access to 0000000000000000 at address 0000000180001000"])
    >>> crashed(53, ["wine: Call from 000000007B012AB6 to unimplemented function KERNEL32.dll.Foo, aborting"])[:10]
    'wine: Call'
    """
    if status == 0:
        return None
    signs = ("unimplemented function", "wine client error", "wine: could not", "wineserver crashed", "version mismatch")
    own = [line for line in lines if line.startswith("wine") and any(sign in line for sign in signs)]
    return own[-1] if own else None


def _start(folder: Path, model: Path, cache: Cache) -> dict[str, str]:
    """Start a server on a prefix of its own; return the variables of a program that is to run there."""
    with explain_os_errors(cache.work):
        cache.work.mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="wine-", dir=cache.work))
        (home / "dosdevices").mkdir()
        (home / "dosdevices" / "c:").symlink_to(model / "drive_c")
        (home / "dosdevices" / "z:").symlink_to("/")
        for name in _REGISTRY:
            shutil.copyfile(model / name, home / name)
    variables = _environment(folder, home)
    guard = _guard(folder, variables, _NOTHING_KEPT)
    atexit.register(_leave, guard, home)
    _expect_boot(guard, folder)
    return variables


def _guard(folder: Path, variables: Mapping[str, str], patience: float) -> subprocess.Popen[bytes]:
    """Start the process that keeps a server for as long as its standard input is open."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), str(folder / "lib" / "wine"), str(patience)],
        env=dict(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _expect_boot(guard: subprocess.Popen[bytes], folder: Path) -> None:
    status = guard.stdout.readline().strip() if guard.stdout else b""
    if status != b"0":
        raise EmulatorCrashed(
            "wine does not start",
            where=str(folder),
            details=[f"`wineboot` ended with status {status.decode() or 'unknown'}"],
            todo="remove it with `kafka-forge clean emulators`, and try again.",
        )


def _leave(guard: subprocess.Popen[bytes], home: Path | None = None) -> None:
    """End a server and all that runs under it, and take its prefix away."""
    if guard.stdin:
        guard.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        guard.wait(_LEAVE_SECONDS)
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)


def _model(folder: Path, cache: Cache) -> Path:
    """Return the prefix that all runs copy, which is made at once or not at all."""
    model = folder.with_name(f"{folder.name}.model")
    with explain_os_errors(cache.emulators), FileLock(cache.emulators / ".lock"):
        if not model.is_dir():
            with tempfile.TemporaryDirectory(dir=cache.emulators, ignore_cleanup_errors=True) as room:
                home = Path(room) / "home"
                system = home / "drive_c" / "windows" / "system32"
                system.mkdir(parents=True)
                # wine's own user32 loads it, and Debian has it in a package of its own
                shutil.copyfile(folder / "system32" / "zlib1.dll", system / "zlib1.dll")
                guard = _guard(folder, _environment(folder, home), _KEPT)
                try:
                    _expect_boot(guard, folder)
                finally:
                    _leave(guard)
                # wine 8 lacks it; the standard library of Rust takes its random numbers from there
                forwarding.link(system / "bcryptprimitives.dll", {"ProcessPrng": "advapi32.SystemFunction036"})
                home.rename(model)
    return model


def _environment(folder: Path, home: Path) -> dict[str, str]:
    return {
        "WINEPREFIX": str(home),
        "HOME": str(home),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": ";".join(f"{name}=" for name in _SWITCHED_OFF),
        "LD_LIBRARY_PATH": str(folder / "lib" / "needed"),
    }
