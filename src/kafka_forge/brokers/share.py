"""Java's class data sharing (JEP 310): once a broker has run for some seconds, the next one starts in half the time.

The archive is made beside a running broker, out of the list of classes that this broker loaded, and kept next to the
jars. Java itself checks that an archive fits its version, its flags and its class path, and does without it if not.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING

from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_POLL_SECONDS = 0.1
_CANCEL_SECONDS = 10.0
_ROOM_BYTES = 1 << 30  # an archive has some 60 MB; on a nearly full disk the broker needs them more


def archive_of(home: Path, java: Path) -> Path:
    """Return where the archive for the jars in ``home`` and this ``java`` program is, or would be."""
    status = java.stat()
    which = f"{java} {status.st_size} {status.st_mtime_ns}"
    return home / f"classes-{hashlib.sha256(which.encode()).hexdigest()[:12]}.jsa"


def flags(archive: Path, folder: Path) -> list[str]:
    """Return the flags that make Java use the archive or, where there is none yet, list its classes in ``folder``."""
    if archive.is_file():
        return ["-Xshare:auto", f"-XX:SharedArchiveFile={archive}"]
    return [f"-XX:DumpLoadedClassList={folder / 'classes.txt'}"]


def flags_of_another(archive: Path) -> list[str]:
    """Return the flags for another program with the same class path: it uses the archive, but lists nothing for it."""
    return ["-Xshare:auto", f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else []


class Making:
    """An archive that is being made, by a Java of its own in the background.

    Args:
        java: the program with the flags and the class path of the broker, as far as its main class.
        archive: where it belongs.
        folder: the broker's folder, which holds the list of classes; nothing is left outside of it but the archive.
    """

    def __init__(self, java: Sequence[str], archive: Path, folder: Path) -> None:
        self._java = java
        self._archive = archive
        self._folder = folder
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="class-archive", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError, KeyboardInterrupt):  # it is only for speed; the next broker will make it
            draft = self._folder / self._archive.name
            if shutil.disk_usage(self._folder).free > _ROOM_BYTES and self._dump(self._whole_lines(), draft):
                draft.replace(self._archive)

    def _whole_lines(self) -> Path:
        """Return a copy of the list of classes: the broker goes on writing it, and may be within a line."""
        listed = (self._folder / "classes.txt").read_text(encoding="utf-8").rpartition("\n")[0]
        copy = self._folder / "classes-whole.txt"
        copy.write_text(listed + "\n", encoding="utf-8")
        return copy

    def _dump(self, classes: Path, draft: Path) -> bool:
        dump = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={draft}"]
        quiet = subprocess.DEVNULL
        with processes.started([self._java[0], *dump, *self._java[1:]], stdout=quiet, stderr=quiet) as child:
            while child.poll() is None and not self._cancelled.wait(_POLL_SECONDS):
                pass
            if child.returncode is None:
                child.kill()  # while it dumps, Java is deaf to SIGTERM
            return child.returncode == 0

    def wait(self, seconds: float) -> None:
        """Wait for it, for so many seconds at most."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """End it if it is not finished."""
        self._cancelled.set()
        self._thread.join(_CANCEL_SECONDS)
