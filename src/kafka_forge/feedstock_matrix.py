"""Our matrix against a conda-forge feedstock's: the ``.ci_support`` files that conda-smithy rendered into it.

Each of those files is one build: every key that the recipe uses, with the one value that this build takes, as a list
of one; its name begins with the platform (``linux_aarch64_python3.12.____cpython.yaml``). The recipes here are
rendered for the same platforms with ``recipes/variants.yaml`` alone, as conda-forge would take them.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge import plan
from kafka_forge.errors import FeedstockInvalid, NothingSelected
from kafka_forge.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kafka_forge.model import JsonObject
    from kafka_forge.plan import Planned

Builds = dict[tuple[str, str], dict[str, str]]
"""(platform, Python or ``any``) → key → value."""

_SERVICE = {"channel_sources", "channel_targets", "docker_image", "build_platform", "target_platform", "zip_keys",
            "pin_run_as_build", "macos_machine", "build_number_decrement", "github_actions_labels",
            "python_impl"}  # fmt: skip
"""Keys that tell conda-forge's services where and with what to build, or only repeat another key."""
_MACHINE = re.compile(r"[A-Z0-9_]+|cdt_.*|cf_.*")
"""Keys for the machine (deployment targets, CDT names) and of the pinning's own book-keeping."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs; ``ours`` or ``theirs`` is None where one side has nothing.

    ``kind`` is ``platform``, ``python`` or ``pin``; ``python`` and ``key`` are empty where they don't apply.
    """

    kind: str
    platform: str
    python: str
    key: str
    ours: str | None
    theirs: str | None

    def line(self) -> str:
        """The difference in one line."""
        what = " ".join(filter(None, (self.platform, self.python, self.key)))
        return f"{self.kind:<9}{what}: here {self.ours or 'absent'}, in the feedstock {self.theirs or 'absent'}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A recipe's matrix beside its feedstock's."""

    recipe: str
    builds: int
    differences: tuple[Difference, ...]

    def lines(self) -> list[str]:
        """What there is to say, for people."""
        if not self.differences:
            return [f"{self.recipe}: the same {self.builds} builds: platforms, Pythons and pins"]
        return [difference.line() for difference in self.differences]

    def as_json(self) -> JsonObject:
        """Return all of it as JSON."""
        return {**asdict(self), "same": not self.differences}


def compare(feedstock: Path, selection: Selection, root: Path) -> Compared:
    """Compare one recipe with its feedstock.

    Args:
        feedstock: a feedstock's folder, with ``.ci_support``.
        selection: the recipe's name, or none where the folder is named ``NAME-feedstock``; platforms and Pythons
            narrow both sides.
        root: the checkout.

    Raises:
        FeedstockInvalid: no ``.ci_support``, or a file there that is no variant.
        UnknownRecipe: the recipe is none of ours.
        NothingSelected: more than one recipe was named.
    """
    recipe = _recipe(feedstock, selection)
    narrowed = Selection((recipe,), selection.platforms, selection.pythons)
    ours = _ours(plan.plan(narrowed, root=root, variants=()))
    theirs = {
        key: build
        for key, build in read(feedstock).items()
        if ("all" in selection.platforms or key[0] in selection.platforms)
        and (not selection.pythons or key[1] in ("any", *selection.pythons))
    }
    return Compared(recipe, len(ours), tuple(differences(ours, theirs)))


def _recipe(feedstock: Path, selection: Selection) -> str:
    if len(selection.recipes) > 1:
        raise NothingSelected("a feedstock has one recipe", todo="name one recipe beside --against.")
    return selection.recipes[0] if selection.recipes else feedstock.resolve().name.removesuffix("-feedstock")


def _ours(plans: Sequence[Planned]) -> Builds:
    """Return our builds; a noarch package is built once, on conda-forge's first platform."""
    wanted = [planned for planned in plans if not planned.cell.noarch or planned.cell.platform == "linux-64"]
    return {(planned.cell.platform, planned.cell.python or "any"): pins(planned.rendered.variant) for planned in wanted}


def pins(variant: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of a variant that pin something, spelled as conda-forge spells them."""
    return {
        key.replace("-", "_"): str(value)
        for key, value in variant.items()
        if key not in _SERVICE and not _MACHINE.fullmatch(key)
    }


def read(feedstock: Path) -> Builds:
    """Read a feedstock's ``.ci_support``.

    Raises:
        FeedstockInvalid: there is none, or one of its files is no variant.
    """
    files = sorted((feedstock / ".ci_support").glob("*.yaml"))
    if not files:
        raise FeedstockInvalid(
            "this is no rendered feedstock: it has no .ci_support/*.yaml",
            where=str(feedstock / ".ci_support"),
            todo="name the folder of a feedstock that conda-smithy has rendered.",
        )
    builds: Builds = {}
    for file in files:
        if not file.name.startswith("migration"):
            platform, variant = _variant(file)
            builds[platform, _python(variant)] = variant
    return builds


def _python(variant: Mapping[str, str]) -> str:
    """Return the Python of a build, a free-threaded one as ``3.14t`` (its build string is ``*_cp314t``)."""
    text = variant.get("python", "")
    version = re.match(r"\d+\.\d+", text)
    if version is None:
        return "any"
    return f"{version.group()}t" if text.endswith("t") else version.group()


def _variant(file: Path) -> tuple[str, dict[str, str]]:
    try:
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        platform = str(data["target_platform"][0])
        single = {key: value[0] for key, value in data.items() if isinstance(value, list) and len(value) == 1}
    except (OSError, YAMLError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FeedstockInvalid(
            f"this is no variant as conda-smithy renders it: {error}".splitlines()[0],
            where=str(file),
            todo="rerender the feedstock.",
        ) from error
    return platform, pins({key: value for key, value in single.items() if not isinstance(value, (dict, list))})


def differences(ours: Builds, theirs: Builds) -> Iterator[Difference]:
    """Tell of platforms that one side lacks, then of Pythons, then of keys whose values differ."""
    platforms = {key[0] for key in ours} ^ {key[0] for key in theirs}
    for platform in sorted(platforms):
        yield _absent("platform", platform, "", any(key[0] == platform for key in ours))
    for platform, python in sorted(ours.keys() ^ theirs.keys()):
        if platform not in platforms:
            yield _absent("python", platform, python, (platform, python) in ours)
    for key in sorted(ours.keys() & theirs.keys()):
        for name in sorted(ours[key].keys() | theirs[key].keys()):
            here, there = ours[key].get(name), theirs[key].get(name)
            if here != there:
                yield Difference("pin", *key, name, here, there)


def _absent(kind: str, platform: str, python: str, is_ours: bool) -> Difference:
    return Difference(kind, platform, python, "", *(("built", None) if is_ours else (None, "built")))
