"""conda-forge's names of the Python index's projects, as far as ``recipes/names.yaml`` knows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path


class Names:
    """The list, turned round; it keeps in mind what it was asked for and does not know."""

    def __init__(self, root: Path) -> None:
        """Read the list of a checkout; without one, nothing is known."""
        file = root / "recipes" / "names.yaml"
        data: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8")) if file.is_file() else {}
        rows = (data or {}).get("names", {})
        self._names = {normal(str(row["pypi"])): str(name) for name, row in rows.items() if row.get("pypi")}
        self.unknown: list[str] = []

    def of(self, project: str) -> str:
        """Return the name of a project; one that the list does not have keeps its own, which may be another's."""
        key = normal(project)
        if key not in self._names and key not in self.unknown:
            self.unknown.append(key)
        return self._names.get(key, key)


def normal(project: str) -> str:
    """Return a project's name as the index has it (PEP 503).

    >>> normal("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", project).lower()
