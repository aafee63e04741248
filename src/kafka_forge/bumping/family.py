"""The recipes as a family: what each has, what each asks of the others, and who tells of its upstream."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms, sources
from kafka_forge.bumping import editing, feeds
from kafka_forge.engine import drafting, engine
from kafka_forge.planning import plan
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.bumping.feeds import Feed
    from kafka_forge.sources import Source
    from kafka_forge.values.rendered import Rendered


@dataclass(frozen=True, slots=True)
class Member:
    """A recipe.

    Attributes:
        recipe: its name.
        package: the package's name.
        version: what it stands at.
        number: its build number.
        folder: where it is.
        source: its archive; None where it has none, or several: then it is not moved.
        feeds: who tells of other versions.
        host: names of the packages that it is built with.
        run: names of the packages that it runs with.
    """

    recipe: str
    package: str
    version: str
    number: int
    folder: Path
    source: Source | None
    feeds: tuple[Feed, ...]
    host: frozenset[str]
    run: frozenset[str]

    @property
    def file(self) -> Path:
        """Its ``recipe.yaml``."""
        return self.folder / "recipe.yaml"


Family = dict[str, Member]
"""Recipe → member, each after those that it asks for."""


def load(root: Path) -> Family:
    """Read the recipes of a checkout.

    Raises:
        RecipeInvalid: one of them does not render, or lacks a value.
    """
    ordered = dict.fromkeys(
        planned.cell.recipe for planned in plan.plan(Selection(), root=root, variants=_variants(root)[1:])
    )
    return {name: _member(name, root) for name in ordered}


def _variants(root: Path) -> list[Path]:
    return [root / "recipes" / "variants.yaml"]


def _member(name: str, root: Path) -> Member:
    folder = root / "recipes" / name
    variants = engine.render(folder, _variants(root), platforms.current())
    rendered = variants[0]
    found = drafting.sources_of(rendered, sources.load_hints(folder / "sources.yaml"))
    source = found[0] if len(found) == len(rendered.sources) == 1 else None
    text = (folder / "recipe.yaml").read_text(encoding="utf-8")
    return Member(
        recipe=name,
        package=rendered.name,
        version=rendered.version,
        number=int(editing.value(text, editing.NUMBER, str(folder / "recipe.yaml"))),
        folder=folder,
        source=source,
        feeds=feeds.of_recipe(source.urls, source.providers, rendered.version) if source else (),
        host=frozenset(each for variant in variants for each in variant.names("host")),
        run=frozenset(each for variant in variants for each in variant.names("run")),
    )


def asked_of(member: Member, version: str, root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return package → match specs that a recipe would ask for, when built or run, at another version of its own.

    Raises:
        RecipeInvalid: it would not render.
    """
    text = editing.changed(member.file.read_text(encoding="utf-8"), {editing.VERSION: version}, str(member.file))
    with tempfile.TemporaryDirectory(prefix="kafka-forge-bump-") as room:
        draft = Path(room) / member.recipe
        draft.mkdir()
        (draft / "recipe.yaml").write_text(text, encoding="utf-8")
        found: dict[str, tuple[str, ...]] = {}
        for rendered in engine.render(draft, _variants(root), platforms.current()):
            for spec in _specs(rendered):
                name = spec.split()[0]
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), spec)))
    return found


def _specs(rendered: Rendered) -> tuple[str, ...]:
    return (*rendered.requirements["host"], *rendered.requirements["run"])


def admits(spec: str, version: str) -> bool:
    """Return whether a match spec admits a version; its build and channel are not looked at.

    >>> admits("librdkafka >=2.14,<3", "2.16.0"), admits("librdkafka >=2.16", "2.14.2"), admits("librdkafka", "1")
    (True, False, True)
    """
    from rattler import MatchSpec, Version, VersionSpec

    bound = MatchSpec(spec).version
    return bound is None or bool(VersionSpec(bound).matches(Version(version)))
