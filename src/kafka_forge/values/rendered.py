"""One package that a recipe makes, before it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.values.model import JsonObject


@dataclass(frozen=True, slots=True)
class Rendered:
    """One output of a recipe for one variant.

    Attributes:
        recipe_dir: the folder that holds ``recipe.yaml``.
        variant_files: what it was rendered with, in order.
        platform: the conda subdir it was rendered for.
        name: the package's name.
        version: the package's version.
        build: the build string.
        noarch: whether the package goes to the ``noarch`` subdir.
        python: ``"3.12"``, or ``"3.14t"``, where the package is for one Python, else None.
        variant: the variant's keys that the recipe used.
        sources: the recipe's sources, rendered, as rattler-build spells them.
        stand_ins: other archives of the same version, from ``extra.stand_ins``, each spelled as a source: where no
            place has the recipe's own, the first of them that can be had takes its place.
        requirements: ``build``, ``host`` and ``run`` → match specs; pins are bare names.
        digest: the sha256 of the recipe as it is rendered; what it says for other platforms does not count.
    """

    recipe_dir: Path
    variant_files: tuple[Path, ...]
    platform: str
    name: str
    version: str
    build: str
    noarch: bool
    python: str | None
    variant: Mapping[str, str]
    sources: tuple[JsonObject, ...]
    requirements: Mapping[str, tuple[str, ...]]
    digest: str = ""
    stand_ins: tuple[JsonObject, ...] = ()

    @property
    def subdir(self) -> str:
        """The channel subdir that the package goes to."""
        return "noarch" if self.noarch else self.platform

    @property
    def filename(self) -> str:
        """The package's file name."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def requires(self) -> frozenset[str]:
        """The names of everything that it needs to be built or to run."""
        return frozenset(name for part in self.requirements for name in self.names(part))

    def names(self, part: str) -> tuple[str, ...]:
        """Return the names of its ``build``, ``host`` or ``run`` requirements."""
        return tuple(spec.split()[0] for spec in self.requirements[part])
