"""A Debian binary package, from the mirrors that the machine's apt is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kafka_forge.sources import apt
from kafka_forge.sources.place import Hint

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Task


class DebianBinary(Hint):
    """One ``.deb`` file."""

    kind: Literal["debian-binary"] = "debian-binary"
    package: str
    """The binary package, for example ``python3.11-minimal``."""
    version: str
    """Its full version; an epoch is not part of the file's name and may be left in."""
    architecture: str
    """Debian's word for it: ``amd64``, ``arm64``, ``ppc64el``, ``all``."""
    source: str | None = None
    """The source package that it was built from, where its name is another."""
    component: str = "main"
    suite: Literal["bookworm", "trixie", "sid"] = "bookworm"
    """The suite that it was taken from: whose current version may stand for it when the mirrors have forgotten it."""

    @property
    def file(self) -> str:
        """The file's name in the pool."""
        return f"{self.package}_{self.version.split(':', 1)[-1]}_{self.architecture}.deb"

    @property
    def where(self) -> str:
        """The place in words."""
        return f"Debian package: {self.file}"

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`."""
        apt.fetch_from_pool(self.component, self.source or self.package, self.file, target, task)

    def look(self) -> None:
        """See `Provider.look`."""
        apt.look_in_pool(self.component, self.source or self.package, self.file)
