"""What the embedded base is made of, as plain values: the site, and one node for each package to be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.bases import home
from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

PYTHONS = "pythons"
"""The name of the node that stands for all Python packages of a platform."""


@dataclass(frozen=True, slots=True)
class Node:
    """One package to be (or all Pythons of a platform together), what it needs here, and what makes it.

    Attributes:
        name: the package's name.
        subdir: the channel's subdir that it goes to.
        key: the hash of everything that decides its bytes.
        path: where it will stand; None for the Pythons.
        needs: ids of the nodes that must be made before it.
        seconds: tells about how long it takes, and is asked only if it must be made: the longest chain is begun first.
        make: makes it.
    """

    name: str
    subdir: str
    key: str
    path: Path | None
    needs: frozenset[str]
    seconds: Callable[[], float]
    make: Callable[[], object]

    @property
    def id(self) -> str:
        """The subdir and the name: ``linux-64/zlib``."""
        return f"{self.subdir}/{self.name}"


@dataclass(frozen=True, slots=True)
class Site:
    """What every package is made with.

    Attributes:
        platform: the conda subdir that is to be built for.
        root: the checkout.
        cache: holds the channel.
        progress: who listens.
    """

    platform: str
    root: Path
    cache: Cache
    progress: Progress

    @property
    def build_platform(self) -> str:
        """The conda subdir that is built on: this machine's."""
        return platforms.current()

    @property
    def subdirs(self) -> tuple[str, ...]:
        """The platforms that packages are needed for: the one that is built on, and the one that is built for."""
        return tuple(dict.fromkeys((self.build_platform, self.platform)))

    @property
    def channel(self) -> Path:
        """The channel's folder; all platforms share it."""
        return home.channel_of(self.cache, self.root)

    def note(self, node: Node) -> Path:
        """Where the key of a package that stands in the channel is written."""
        return self.channel / home.KEYS / node.subdir / f"{node.name}.json"

    def stands(self, node: Node) -> bool:
        """Whether the channel has this very package."""
        if node.path is None or not node.path.is_file():
            return False
        try:
            note = json.loads(self.note(node).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(note == {"key": node.key, "file": node.path.name, "size": node.path.stat().st_size})

    def keep(self, node: Node) -> None:
        """Write down that the channel has this package, and take out the one that stood there before."""
        if node.path is None:
            return
        for old in node.path.parent.glob(f"{node.name}-*.conda"):
            if old.name.rsplit("-", 2)[0] == node.name and old != node.path:
                old.unlink(missing_ok=True)
        note = {"key": node.key, "file": node.path.name, "size": node.path.stat().st_size}
        write_text_atomic(self.note(node), json.dumps(note) + "\n")
