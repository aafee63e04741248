"""An artifact of the Maven repository that the machine's settings name, or jgo's default."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kafka_forge.sources import http
from kafka_forge.sources.place import Hint

if TYPE_CHECKING:
    from kafka_forge.ground.progress import Task


class Maven(Hint):
    """One file of a Maven repository, by its coordinates."""

    kind: Literal["maven"] = "maven"
    group: str
    artifact: str
    version: str
    classifier: str | None = None
    extension: str = "jar"

    @property
    def file(self) -> str:
        """The file's name in a repository of the Maven 2 layout."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.{self.extension}"

    @property
    def where(self) -> str:
        """The place in words."""
        parts = (self.group, self.artifact, self.version, self.classifier)
        return "Maven: " + ":".join(part for part in parts if part)

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`."""
        http.download(self._url(), target, task)

    def look(self) -> None:
        """See `Provider.look`."""
        http.look(self._url())

    def _url(self) -> str:
        folder = f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}"
        return f"{repository().rstrip('/')}/{folder}/{self.file}"


@functools.cache
def repository() -> str:
    """Return the URL that stands for Maven Central on this machine: a mirror in ``settings.xml``, or jgo's default."""
    settings = Path.home() / ".m2" / "settings.xml"
    if settings.is_file():
        mirror = mirror_of_central(settings.read_text(encoding="utf-8"))
        if mirror:
            return mirror
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)


def mirror_of_central(settings: str) -> str | None:
    """Return the first mirror of Maven Central that a ``settings.xml`` names, or None.

    >>> mirror_of_central("<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>https://m</url></mirror></mirrors></settings>")
    'https://m'
    """
    try:
        root = ET.fromstring(settings)  # noqa: S314 - the user's own settings file
    except ET.ParseError:
        return None
    for mirror in root.iterfind(".//{*}mirror"):
        of = {word.strip() for word in mirror.findtext("{*}mirrorOf", "").split(",")}
        if of & {"*", "external:*", "central"} and "!central" not in of:
            return mirror.findtext("{*}url", "").strip() or None
    return None
