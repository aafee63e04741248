"""The cells of a run, in the order of their building.

Every recipe is rendered by the engine with ``recipes/variants.yaml`` and the base's overlay, so that the plan shows
the very build strings that the artifacts will have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.engine import engine
from kafka_forge.errors import NothingSelected, RecipeInvalid, UnknownPlatform, UnknownPython, UnknownRecipe
from kafka_forge.values import python_names
from kafka_forge.values.model import PLATFORMS, Cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kafka_forge.values.rendered import Rendered
    from kafka_forge.values.selection import Selection


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell with what the engine needs to build it.

    Attributes:
        cell: the plain value that the later stages see.
        rendered: the engine's rendered recipe.
        built_on: ids of the cells here that must be built first.
        selected: whether the user asked for it, or only something that is built on it.
        refused: why it cannot be built on this base; None where it can.
    """

    cell: Cell
    rendered: Rendered
    built_on: tuple[str, ...] = ()
    selected: bool = True
    refused: str | None = None


def recipe_names(root: Path) -> list[str]:
    """Return the names of all recipes of the checkout."""
    return sorted(path.parent.name for path in (root / "recipes").glob("*/recipe.yaml"))


def platforms_of(selection: Selection) -> tuple[str, ...]:
    """Return the platforms asked for: the one we stand on where none is named, all for ``all``.

    Raises:
        UnknownPlatform: not one of ours.
    """
    if "all" in selection.platforms:
        return PLATFORMS
    for name in selection.platforms:
        if name not in PLATFORMS:
            raise UnknownPlatform(
                f"{name!r} is no platform that this project builds for", todo=f"name one of: {', '.join(PLATFORMS)}."
            )
    return selection.platforms or (platforms.current(),)


def plan(
    selection: Selection,
    *,
    root: Path,
    variants: Sequence[Path],
    lacking: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    with_dependencies: bool = False,
) -> tuple[Planned, ...]:
    """Render the recipes and return the cells, each after those that it is built on.

    Args:
        selection: recipe names, platforms and Pythons to narrow it to.
        root: the checkout.
        variants: variant files laid over ``recipes/variants.yaml``, in order (the base's).
        lacking: platform → Python or recipe → why the base cannot have it, or what it needs; such cells are planned,
            and refused.
        with_dependencies: also return cells that a selected one is built on, marked as not selected.

    Raises:
        UnknownRecipe, UnknownPlatform, UnknownPython: names that do not exist.
        RecipeInvalid: a recipe does not parse, does not render, or the recipes depend on each other in a circle.
        NothingSelected: the names have no cell in common.
    """
    names = recipe_names(root)
    for name in selection.recipes:
        if name not in names:
            raise UnknownRecipe(f"there is no recipe {name!r}", where=str(root / "recipes"), todo=_one_of(names))
    files = [root / "recipes" / "variants.yaml", *variants]
    chosen: list[Planned] = []
    for platform in platforms_of(selection):
        rendered = {name: _render(root / "recipes" / name, files, platform) for name in names}
        cells = _ordered(_planned(rendered, platform, lacking.get(platform, {})))
        chosen += _narrow(cells, selection, with_dependencies)
    if not any(planned.selected for planned in chosen):
        raise NothingSelected(
            "no cell has this recipe, platform and Python together", todo="`kafka-forge plan` shows all cells."
        )
    return tuple(chosen)


def _render(recipe: Path, files: Sequence[Path], platform: str) -> tuple[Rendered, ...]:
    """Render a recipe; what serves all platforms is built on this machine's, whichever it is wanted for."""
    rendered = engine.render(recipe, files, platform)
    if platform != platforms.current() and rendered and all(each.noarch for each in rendered):
        return engine.render(recipe, files, platforms.current())
    return rendered


def _one_of(names: Sequence[str]) -> str:
    return f"name one of: {', '.join(names)}."


def _planned(rendered: Mapping[str, Sequence[Rendered]], platform: str, lacking: Mapping[str, str]) -> list[Planned]:
    packages = {each.name: recipe for recipe, variants in rendered.items() for each in variants}
    return [
        Planned(
            cell=Cell(
                recipe=recipe,
                platform=platform,
                python=each.python,
                name=each.name,
                version=each.version,
                build=each.build,
                noarch=each.noarch,
                after=tuple(sorted({packages[name] for name in each.requires if name in packages} - {recipe})),
            ),
            rendered=each,
            refused=refusal(each.python, platform, lacking) or lacking.get(recipe),
        )
        for recipe, variants in rendered.items()
        for each in variants
    ]


def refusal(python: str | None, platform: str, lacking: Mapping[str, str]) -> str | None:
    """Return why the embedded base cannot have a Python for a platform; None if it can, or where none is needed."""
    if python is None or python not in lacking:
        return None
    return f"the embedded base has no Python {python} for {platform}: {lacking[python]}"


def _ordered(plans: Sequence[Planned]) -> list[Planned]:
    """Put recipes after those they need; a cell is built on the cells of its own Python, or of no Python."""
    from graphlib import CycleError

    needs = {planned.cell.recipe: planned.cell.after for planned in plans}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise RecipeInvalid(
            "the recipes depend on each other in a circle", details=[" → ".join(error.args[1])], todo="break it."
        ) from error
    by_recipe = sorted(plans, key=lambda planned: order.index(planned.cell.recipe))
    return [
        replace(
            planned,
            built_on=tuple(
                other.cell.id for other in plans if other.cell.recipe in planned.cell.after and _serves(other, planned)
            ),
        )
        for planned in by_recipe
    ]


def _serves(below: Planned, above: Planned) -> bool:
    """Tell whether a cell is of use to another; one that serves every Python is used with whichever there is."""
    if above.cell.noarch:
        return below.refused is None
    return below.cell.python in (None, above.cell.python)


def _narrow(plans: Sequence[Planned], selection: Selection, with_dependencies: bool) -> list[Planned]:
    known = {planned.cell.python for planned in plans} - {None}
    for python in selection.pythons:
        if python not in known:
            raise UnknownPython(
                f"{python!r} is no Python that the recipes are built for",
                todo=_one_of(sorted(filter(None, known), key=python_names.order)),
            )
    wanted = {
        planned.cell.id
        for planned in plans
        if (not selection.recipes or planned.cell.recipe in selection.recipes)
        and (not selection.pythons or planned.cell.python in (None, *selection.pythons))
    }
    kept = set(wanted)
    if with_dependencies:
        for planned in reversed(plans):
            if planned.cell.id in kept:
                kept.update(planned.built_on)
    return [replace(planned, selected=planned.cell.id in wanted) for planned in plans if planned.cell.id in kept]
