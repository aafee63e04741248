"""``recipes/names.yaml``: whose project conda-forge's names are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from pydantic import model_validator
from ruamel.yaml import YAML

from kafka_forge.ground.paths import project_root
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Mapping


class Name(Model):
    """One name on conda-forge.

    Attributes:
        pypi: the project on the Python index, in its normalised spelling.
        upstream: the home of a project that is not there.
        feedstock: what builds it, without ``conda-forge/`` and ``-feedstock``; None where that was not found.
        seen: where it was looked up: a file of the feedstock at a commit, or another repository's.
        note: what is easily mistaken.
    """

    pypi: str | None = None
    upstream: str | None = None
    feedstock: str | None = None
    seen: str
    note: str | None = None

    @model_validator(mode="after")
    def _one_project(self) -> Name:
        if (self.pypi is None) == (self.upstream is None):
            raise ValueError("say either pypi or upstream")
        if self.pypi is not None and self.pypi != canonicalize_name(self.pypi):
            raise ValueError(f"the index spells it {canonicalize_name(self.pypi)}")
        return self


class Names(Model):
    """The whole list.

    Attributes:
        names: those that are used.
        others: those that look right and are not; none of them may be used.
        coming: those that upstream's newer releases ask for.
    """

    names: dict[str, Name]
    others: dict[str, Name]
    coming: dict[str, Name]

    def of(self, project: str) -> str | None:
        """Return conda-forge's name of a project of the Python index; None where nobody has looked it up."""
        wanted = canonicalize_name(project)
        known = {**self.coming, **self.names}
        return next((name for name, each in known.items() if each.pypi == wanted), None)


def load() -> Names:
    """Read the list."""
    path = project_root() / "recipes" / "names.yaml"
    data: Mapping[str, object] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return Names.model_validate(data)
