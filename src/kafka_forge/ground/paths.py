"""Where things are: the checkout, the output folder and the cache outside the checkout."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kafka_forge.errors import UnsupportedMachine


def project_root() -> Path:
    """Return the checkout that holds ``recipes/`` and ``bootstrap/``.

    It is ``$KAFKA_FORGE_ROOT``, or the nearest folder at or above the working directory, or the checkout that this
    package was installed from in editable mode.

    Raises:
        UnsupportedMachine: none of the three is a kafka-forge checkout.
    """
    named = os.environ.get("KAFKA_FORGE_ROOT")
    starts = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, Path(__file__).parents[3]]
    for start in starts:
        if (start / "recipes" / "variants.yaml").is_file() and (start / "bootstrap").is_dir():
            return start.resolve()
    raise UnsupportedMachine(
        "this is not inside a kafka-forge checkout: there is no recipes/variants.yaml",
        where=str(starts[0]),
        todo="go to the checkout, or set KAFKA_FORGE_ROOT to it.",
    )


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache's rooms, all below one folder; ``kafka-forge clean`` shows and removes them.

    The folder is ``$KAFKA_FORGE_CACHE``, or ``kafka-forge`` in the user's cache folder.
    """

    root: Path

    @classmethod
    def default(cls) -> Cache:
        """Return the user's cache; nothing is made on disk."""
        named = os.environ.get("KAFKA_FORGE_CACHE")
        if named:
            return cls(Path(named).resolve())
        import platformdirs

        return cls(Path(platformdirs.user_cache_dir("kafka-forge", appauthor=False)))

    @property
    def store(self) -> Path:
        """Files by their sha256: sources, jars, wheels."""
        return self.root / "store"

    @property
    def base(self) -> Path:
        """The embedded base channel and what it takes to make it."""
        return self.root / "base"

    @property
    def packages(self) -> Path:
        """Conda packages, unpacked once and linked from there (RATTLER_CACHE_DIR)."""
        return self.root / "packages"

    @property
    def brokers(self) -> Path:
        """Kafka's jars, Java runtimes, and the folders of brokers that run."""
        return self.root / "brokers"

    @property
    def compiler(self) -> Path:
        """The compiler's own cache (ZIG_GLOBAL_CACHE_DIR)."""
        return self.root / "compiler"

    @property
    def emulators(self) -> Path:
        """What runs the programs of other platforms."""
        return self.root / "emulators"

    @property
    def work(self) -> Path:
        """Temporary folders of builds and environments; whatever is left here is never trusted."""
        return self.root / "work"
