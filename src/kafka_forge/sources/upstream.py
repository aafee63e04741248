"""The URL that a recipe names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.sources import http

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Task
    from kafka_forge.sources.transform import Transform


@dataclass(frozen=True, slots=True)
class Upstream:
    """A source's own URL, with ``http``, ``https`` or ``file`` as its scheme."""

    url: str
    transform: Transform | None = None

    @property
    def where(self) -> str:
        """The URL."""
        return self.url

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`."""
        http.download(self.url, target, task)

    def look(self) -> None:
        """See `Provider.look`."""
        http.look(self.url)
