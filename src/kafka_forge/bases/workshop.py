"""What every package of the base channel's Python side is made with."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.bases import home
from kafka_forge.ground.files import Store, explain_os_errors
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.sources import Source


@dataclass(frozen=True, slots=True)
class Workshop:
    """One platform's place in the embedded channel, and the cache that it is made from.

    Attributes:
        platform: the conda subdir.
        root: the checkout.
        cache: holds the channel, the store of locked files, and the temporary folders.
        progress: who listens.
    """

    platform: str
    root: Path
    cache: Cache
    progress: Progress

    @property
    def channel(self) -> Path:
        """The channel's folder."""
        return home.channel_of(self.cache, self.root)

    @property
    def native(self) -> Path:
        """The channel's folder of packages for this platform."""
        return self.channel / self.platform

    @property
    def noarch(self) -> Path:
        """The channel's folder of packages for all platforms."""
        return self.channel / "noarch"

    def obtain(self, source: Source) -> Path:
        """Return the stored file of a locked source; see `kafka_forge.sources.obtain` for the errors."""
        return obtain(source, Store(self.cache.store), self.progress)

    @contextlib.contextmanager
    def room(self, name: str) -> Iterator[Path]:
        """Give a temporary folder that is gone when the block ends."""
        with explain_os_errors(self.cache.work):
            self.cache.work.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.cache.work, prefix=f"{name}-") as folder:
                yield Path(folder)
