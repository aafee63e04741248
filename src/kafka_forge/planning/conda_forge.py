"""What conda-forge had when it was last read: ``recipes/conda-forge.yaml``, written by hand with its sources."""

from __future__ import annotations

import datetime  # noqa: TC003
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import RecipeInvalid

if TYPE_CHECKING:
    from pathlib import Path


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Migration(_Model):
    """A Python that feedstocks get one by one: its file's name, the value of ``python``, and where that stands."""

    name: str
    python: str
    source: str


class Released(_Model):
    """The version and the highest build number of a feedstock, and where that was read."""

    version: str
    number: int
    source: str


class Reading(_Model):
    """All that was read, and the day on which it was."""

    read: datetime.date
    migrations: tuple[Migration, ...]
    feedstocks: dict[str, Released]

    def migration(self, python: str) -> str | None:
        """Return the name of the migration that brings a value of ``python`` (``3.15.* *_cp315``), or None."""
        return next((each.name for each in self.migrations if each.python == python), None)


def load(root: Path) -> Reading:
    """Read the file of a checkout.

    Raises:
        RecipeInvalid: it is not there, or is not what this module reads.
    """
    file = root / "recipes" / "conda-forge.yaml"
    try:
        return Reading.model_validate(YAML(typ="safe").load(file.read_text(encoding="utf-8")))
    except (OSError, YAMLError, ValidationError) as error:
        raise RecipeInvalid(
            "the reading of conda-forge cannot be read",
            where=str(file),
            details=str(error).splitlines()[:10],
            todo="mend the file, or take it back from git.",
        ) from error
