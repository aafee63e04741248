"""Our matrix against a conda-forge feedstock's: what `ci_support` reads there, and the version of its recipe.

The recipes here are rendered for the same platforms with ``recipes/variants.yaml`` alone, as conda-forge would take
them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from kafka_forge.errors import NothingSelected, UnknownPython, UnknownRecipe
from kafka_forge.feedstocks import ci_support, feedstock_recipe
from kafka_forge.feedstocks.ci_support import pins
from kafka_forge.planning import conda_forge, plan
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kafka_forge.feedstocks.ci_support import Builds, Migration
    from kafka_forge.feedstocks.feedstock_recipe import Release
    from kafka_forge.planning.conda_forge import Reading
    from kafka_forge.planning.plan import Planned
    from kafka_forge.values.model import JsonObject


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs; ``ours`` or ``theirs`` is None where one side has nothing.

    ``kind`` is ``platform``, ``python``, ``pin``, ``version`` (ours is older) or ``number`` (the same version, and our
    build number is not above); ``platform``, ``python`` and ``key`` are empty where they don't apply. ``note`` says
    what is behind it, where that is known.
    """

    kind: str
    platform: str
    python: str
    key: str
    ours: str | None
    theirs: str | None
    note: str = ""

    def line(self, where: str) -> str:
        """The difference in one line, with the places in which it is the same."""
        what = " ".join(filter(None, (where, self.key)))
        note = f" ({self.note})" if self.note else ""
        return f"{self.kind:<9}{what}: here {self.ours or 'absent'}, in the feedstock {self.theirs or 'absent'}{note}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A recipe's matrix beside its feedstock's."""

    recipe: str
    builds: int
    differences: tuple[Difference, ...]

    def lines(self) -> list[str]:
        """What there is to say, for people: what is the same in several builds is one line."""
        if not self.differences:
            return [f"{self.recipe}: the same {self.builds} builds: platforms, Pythons and pins"]
        alike: dict[tuple[str, str, str | None, str | None, str], list[Difference]] = {}
        for each in self.differences:
            alike.setdefault((each.kind, each.key, each.ours, each.theirs, each.note), []).append(each)
        return [group[0].line(_places(group)) for group in alike.values()]

    def as_json(self) -> JsonObject:
        """Return all of it as JSON."""
        return {**asdict(self), "same": not self.differences}


def _places(group: Sequence[Difference]) -> str:
    """Return the platforms of some differences, those with the same Pythons together."""
    pythons: dict[str, list[str]] = {}
    for each in group:
        pythons.setdefault(each.platform, []).append(each.python)
    platforms: dict[tuple[str, ...], list[str]] = {}
    for platform, found in pythons.items():
        platforms.setdefault(tuple(found), []).append(platform)
    parts = (", ".join(names) + (f" {', '.join(found)}" if any(found) else "") for found, names in platforms.items())
    return "; ".join(filter(None, parts))


def compare(feedstock: Path, selection: Selection, root: Path) -> Compared:
    """Compare one recipe with its feedstock.

    Args:
        feedstock: a feedstock's folder, with ``.ci_support``.
        selection: the recipe's name, or none where the folder is named ``NAME-feedstock``; platforms and Pythons
            narrow both sides.
        root: the checkout.

    Raises:
        FeedstockInvalid: no ``.ci_support``, a file there that is no variant, or a recipe that cannot be read.
        UnknownRecipe: the recipe is none of ours.
        UnknownPython: a Python that neither side has.
        NothingSelected: more than one recipe was named, or neither side builds anything there.
    """
    recipe = _recipe(feedstock, selection, root)
    every = plan.plan(Selection((), selection.platforms), root=root, variants=())
    plans = [planned for planned in every if planned.cell.recipe == recipe]
    here = {planned.cell.name.replace("-", "_"): planned.cell.version for planned in every}
    ours, theirs = _ours(plans), _on(ci_support.read(feedstock), selection.platforms)
    if not ours and not theirs:
        raise NothingSelected(
            f"neither {recipe} nor its feedstock is built on these platforms",
            todo="leave --platform out; a noarch package is built on linux-64 alone.",
        )
    _must_be_known(selection.pythons, {python for _, python in (*ours, *theirs)})
    found = [
        *_released(plans[0], feedstock_recipe.read(feedstock)),
        *_behind(theirs, here),
        *differences(ours, _without(theirs, here), selection.pythons),
    ]
    had, reading = ci_support.migrations(feedstock), conda_forge.load(root)
    builds = sum(_wanted(python, selection.pythons) for _, python in ours)
    return Compared(recipe, builds, tuple(_explained(each, ours, had, reading) for each in found))


def _on(builds: Builds, platforms: Sequence[str]) -> Builds:
    return {place: build for place, build in builds.items() if "all" in platforms or place[0] in platforms}


def _wanted(python: str, pythons: Sequence[str]) -> bool:
    return not pythons or python in ("any", *pythons)


def _must_be_known(pythons: Sequence[str], known: set[str]) -> None:
    for python in pythons:
        if python not in known and known != {"any"}:
            raise UnknownPython(
                f"neither our recipe nor the feedstock is built for Python {python!r}",
                todo=f"name one of: {', '.join(sorted(known))}.",
            )


def _recipe(feedstock: Path, selection: Selection, root: Path) -> str:
    if len(selection.recipes) > 1:
        raise NothingSelected("a feedstock has one recipe", todo="name one recipe beside --against.")
    recipe = selection.recipes[0] if selection.recipes else feedstock.resolve().name.removesuffix("-feedstock")
    names = plan.recipe_names(root)
    if recipe not in names:
        raise UnknownRecipe(
            f"there is no recipe {recipe!r}", where=str(root / "recipes"), todo=f"name one of: {', '.join(names)}."
        )
    return recipe


def _ours(plans: Sequence[Planned]) -> Builds:
    """Return our builds; a noarch package is built once, on conda-forge's first platform."""
    wanted = [planned for planned in plans if not planned.cell.noarch or planned.cell.platform == "linux-64"]
    return ci_support.joined((planned.cell.platform, pins(planned.rendered.variant)) for planned in wanted)


def _released(ours: Planned, theirs: Release) -> Iterator[Difference]:
    """Tell of a feedstock whose package would hide ours, or be hidden by it, under the same or a later version."""
    here, there = ours.cell.version, theirs.version
    number = int(ours.cell.build.rpartition("_")[2])
    if _older(here, there):
        yield Difference("version", "", "", "", here, there, "update the recipe")
    elif here == there and number <= theirs.number:
        note = f"raise build.number above {theirs.number}: else a solver may take either"
        yield Difference("number", "", "", "", f"{here} number {number}", f"{there} number {theirs.number}", note)


def _behind(theirs: Builds, here: Mapping[str, str]) -> Iterator[Difference]:
    """Tell of packages of ours that are older than what the feedstock is built on or pinned to."""
    pinned = {(key, value) for build in theirs.values() for key in build.keys() & here.keys() for value in build[key]}
    for key, value in sorted(pinned):
        if _older(here[key], value):
            note = "what is built on that finds no version of it in our channel"
            yield Difference("version", "", "", key, here[key], value, note)


def _without(builds: Builds, names: Mapping[str, str]) -> Builds:
    """Leave out the keys that are packages of ours: we build on our own, whatever the pinning says."""
    return {place: {key: value for key, value in build.items() if key not in names} for place, build in builds.items()}


def _older(one: str, other: str) -> bool:
    """Whether a version is older than what another one begins with: 2.14.2 than 2.15, and not 2.15.1 than 2.15."""
    try:
        parts = Version(other).release
        return Version(one).release[: len(parts)] < parts
    except InvalidVersion:
        return False


def differences(ours: Builds, theirs: Builds, pythons: Sequence[str] = ()) -> Iterator[Difference]:
    """Tell of platforms that one side lacks, then of Pythons, then of keys whose values differ.

    Args:
        ours, theirs: all builds of both sides.
        pythons: those that are looked at; none is all.
    """
    platforms = {key[0] for key in ours} ^ {key[0] for key in theirs}
    for platform in sorted(platforms):
        yield _absent("platform", platform, "", any(key[0] == platform for key in ours))
    for platform, python in sorted(ours.keys() ^ theirs.keys()):
        if platform not in platforms and _wanted(python, pythons):
            yield _absent("python", platform, python, (platform, python) in ours)
    for key in sorted(key for key in ours.keys() & theirs.keys() if _wanted(key[1], pythons)):
        for name in sorted(ours[key].keys() | theirs[key].keys()):
            here, there = ours[key].get(name), theirs[key].get(name)
            if here != there:
                yield Difference("pin", *key, name, _joined(here), _joined(there))


def _joined(values: frozenset[str] | None) -> str | None:
    return " and ".join(sorted(values)) if values else None


def _absent(kind: str, platform: str, python: str, is_ours: bool) -> Difference:
    return Difference(kind, platform, python, "", *(("built", None) if is_ours else (None, "built")))


def _explained(found: Difference, ours: Builds, had: Sequence[Migration], reading: Reading) -> Difference:
    """Say which migration is behind a difference: one that the feedstock has had, or one that it has not had yet."""
    if found.kind == "python" and found.ours:
        values = ours[found.platform, found.python]["python"]
        name = next(filter(None, map(reading.migration, values)), None)
        if name is None:
            return found
        has = "has had, and skips" if name in {each.name for each in had} else "has not had yet"
        return replace(found, note=f"conda-forge adds it by the migration {name}, which this feedstock {has}")
    key = "python" if found.kind == "python" else found.key
    told = [each.name for each in had if any(_tells(found, key, value) for value in each.values.get(key, ()))]
    return replace(found, note=f"by the migration {', '.join(told)}") if told and not found.note else found


def _tells(found: Difference, key: str, value: str) -> bool:
    if found.kind == "python":
        return ci_support.python_of({key: value}) == found.python
    return found.kind == "pin" and value in (found.theirs or "").split(" and ")
