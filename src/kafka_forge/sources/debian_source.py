"""A file of a Debian source package, from the mirrors that the machine's apt is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kafka_forge.sources import apt
from kafka_forge.sources.place import Hint

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Task


class DebianSource(Hint):
    """One archive of a source package, usually its ``.orig.tar``."""

    kind: Literal["debian-source"] = "debian-source"
    package: str
    """The source package, for example ``librdkafka``."""
    file: str
    """The file's name, for example ``librdkafka_2.14.2.orig.tar.gz``."""
    component: str = "main"

    @property
    def where(self) -> str:
        """The place in words."""
        return f"Debian source: {self.file}"

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`."""
        apt.fetch_from_pool(self.component, self.package, self.file, target, task)

    def look(self) -> None:
        """See `Provider.look`."""
        apt.look_in_pool(self.component, self.package, self.file)
