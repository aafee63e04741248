"""A rule of conda-forge's: an id, what it asks, and a function that looks at a recipe.

The ids are those that conda-smithy publishes (its LINTER.md); so what is found here is found under the same name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

Kind = Literal["lint", "hint"]
"""A lint keeps a feedstock's pull request red; a hint does not."""
Found = Iterator[tuple[str, str | int | None]]
"""What is wrong, and where: a key of the recipe (``about.license``), a line (from 1), or nowhere in particular."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A v1 recipe as its author wrote it.

    Attributes:
        name: the recipe's, or the feedstock's.
        folder: that of ``recipe.yaml``.
        text: the file.
        data: what it says, templates and conditions as they stand; ruamel.yaml's, with lines.
        settings: the text of ``conda-forge.yml``; empty where there is none.
    """

    name: str
    folder: Path
    text: str
    data: JsonObject
    settings: str

    def part(self, key: str) -> Any:
        """Return a section, an empty mapping where it is not there or is something else."""
        found = self.data.get(key)
        return found if isinstance(found, dict) else {}

    def requirements(self, part: str) -> list[str]:
        """Return the match specs of a part, of both branches of conditions."""
        return [each for each in flat(self.part("requirements").get(part)) if isinstance(each, str)]

    @property
    def noarch(self) -> str | None:
        """``python``, ``generic`` or None."""
        found = self.part("build").get("noarch")
        return None if found is None else str(found)

    @property
    def sources(self) -> list[JsonObject]:
        """Its sources."""
        return [each for each in flat(self.data.get("source")) if isinstance(each, dict)]

    @property
    def tests(self) -> list[JsonObject]:
        """Its tests."""
        return [each for each in flat(self.data.get("tests")) if isinstance(each, dict)]

    def line(self, where: str | int | None) -> int:
        """Return the line (from 1) of a key, or of the nearest one above it that is there."""
        if isinstance(where, int):
            return where
        data, line = self.data, 1
        for key in (where or "").split("."):
            if not isinstance(data, dict) or key not in data:
                break
            lines: Any = data
            line = int(lines.lc.key(key)[0]) + 1
            data = data[key]
        return line


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: as conda-smithy has it.
        kind: whether it is a lint or a hint.
        title: what it asks, in a line.
        look: gives what is wrong with a recipe.
    """

    id: str
    kind: Kind
    title: str
    look: Callable[[Recipe], Found]


RULES: dict[str, Rule] = {}
"""Id → rule, of all modules beside this one."""


def rule(name: str, kind: Kind, title: str) -> Callable[[Callable[[Recipe], Found]], Callable[[Recipe], Found]]:
    """Make a rule of a function."""

    def made(look: Callable[[Recipe], Found]) -> Callable[[Recipe], Found]:
        RULES[name] = Rule(name, kind, title, look)
        return look

    return made


def flat(items: Any) -> Iterator[Any]:
    """Give every item of a v1 list, or a single one, with both branches of its conditions."""
    if isinstance(items, list):
        for item in items:
            yield from flat(item)
    elif isinstance(items, dict) and "if" in items:
        yield from flat(items.get("then"))
        yield from flat(items.get("else"))
    elif items is not None:
        yield items
