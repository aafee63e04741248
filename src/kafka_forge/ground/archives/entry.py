"""One member of an archive, as the door lets it through."""

from __future__ import annotations

import enum
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = 1 << 18
"""How many bytes are read at a time."""


class Kind(enum.Enum):
    """What a member is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD_LINK = "hard link"


@dataclass(frozen=True, slots=True)
class Entry:
    """A member.

    Attributes:
        name: its path in the archive, with ``/``, without ``./`` before it; empty for the folder that holds all.
        kind: what it is.
        size: the bytes that it declares; 0 where it is no file.
        executable: whether its owner may run it.
        target: where a link leads, as the archive has it; of a hard link, the name of the other member.
        time: when it was last changed, by the archive: seconds since 1970, of which a zip keeps even ones alone.
        chunks: gives a file's bytes, once, and only until the next member is asked for.
        guard: the standard library's own word on unpacking it below a folder; it raises what that raises.
    """

    name: str
    kind: Kind
    size: int = 0
    executable: bool = False
    target: str = ""
    time: int = 0
    chunks: Callable[[], Iterator[bytes]] = field(default=lambda: iter(()), repr=False, compare=False)
    guard: Callable[[Path], object] = field(default=lambda _: None, repr=False, compare=False)

    def read(self) -> bytes:
        """Return a file's bytes."""
        written = io.BytesIO()
        for chunk in self.chunks():
            written.write(chunk)
        return written.getvalue()

    def save(self, target: Path, *, executable: bool | None = None) -> None:
        """Write a file's bytes to a path where nothing is yet; folders above it are made.

        Args:
            target: the path.
            executable: whether it can be run; as in the archive where that is not said.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as sink:
            for chunk in self.chunks():
                sink.write(chunk)
        target.chmod(0o755 if (self.executable if executable is None else executable) else 0o644)
