"""A conda-forge feedstock's recipe out of ours.

A feedstock has the recipe in ``recipe/`` and conda-smithy's settings in ``conda-forge.yml`` at its root; all else in it
is rendered by conda-smithy from these. What belongs to this project alone (contract, hints for sources) stays here.
The pins are conda-forge's own; ``recipe/conda_build_config.yaml`` holds only those in which a recipe differs from them.
"""

from __future__ import annotations

import difflib
import io
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import FeedstockInvalid, RecipeInvalid, UnknownRecipe
from kafka_forge.feedstocks import ci_support
from kafka_forge.ground.files import atomic_path, explain_os_errors
from kafka_forge.planning import plan
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OURS = {"contract.yaml", "sources.yaml", "sbom.yaml", "conda-forge.yml"}
_SETTINGS = "conda-forge.yml"
_PINS = "recipe/conda_build_config.yaml"
_THEIRS = {"c_compiler", "c_compiler_version", "cxx_compiler", "cxx_compiler_version", "python"}
_SELECTORS = {
    "linux-64": "linux64",
    "linux-aarch64": "aarch64",
    "linux-ppc64le": "ppc64le",
    "osx-64": "osx and x86_64",
    "osx-arm64": "osx and arm64",
    "win-64": "win64",
}
"""Platform → the selector of conda_build_config.yaml that holds for it alone (conda-build's documentation)."""


_NEW = re.compile(
    r"\.git|\.gitignore|\.gitattributes|\.DS_Store|(?i:(?:README|LICEN[CS]E|COPYING|NOTICE)(?:[.-][\w.-]+)?)"
)
"""What a repository has that `git init` or GitHub's page has just made: a README, a .gitignore, a licence
(docs.github.com, "Creating a new repository")."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a feedstock that differs; ``before`` or ``after`` is None where the file is not there."""

    file: str
    before: bytes | None
    after: bytes | None

    @property
    def summary(self) -> str:
        """In a line: ``new``, ``changed`` or ``gone``, the file, and how long it is where it is there."""
        what = "new" if self.before is None else "gone" if self.after is None else "changed"
        lines = "" if self.after is None else f"  {len(self.after.splitlines())} lines"
        return f"{what:<8} {self.file}{lines}"

    def diff(self) -> list[str]:
        """Return a unified diff as ``git apply`` reads it; of what is no text, one line that says so."""
        old, new = (f"a/{self.file}", f"b/{self.file}")
        try:
            before = (self.before or b"").decode().splitlines(keepends=True)
            after = (self.after or b"").decode().splitlines(keepends=True)
        except UnicodeDecodeError:
            return [f"Binary files {old} and {new} differ"]
        names = ("/dev/null" if self.before is None else old, "/dev/null" if self.after is None else new)
        shown = []
        for line in difflib.unified_diff(before, after, *names):
            shown += [line.rstrip("\n")] if line.endswith("\n") else [line, "\\ No newline at end of file"]
        return shown


def changes(recipe: str, feedstock: Path, root: Path, pinning: Path | None = None) -> tuple[Change, ...]:
    """Return what a feedstock lacks of our recipe, and what it has that ours does not.

    Args:
        recipe: the recipe's name.
        feedstock: its folder; it may not be there yet.
        root: the checkout.
        pinning: conda-forge's global ``conda_build_config.yaml``; without it, the feedstock's own pins stay.

    Raises:
        UnknownRecipe: no such recipe.
        RecipeInvalid: it does not render, or the pinning cannot be read.
        FeedstockInvalid: the folder is something else, or its ``conda-forge.yml`` cannot be read.
    """
    names = plan.recipe_names(root)
    if recipe not in names:
        raise UnknownRecipe(f"there is no recipe {recipe!r}", todo=f"name one of: {', '.join(names)}.")
    _must_be_a_feedstock(feedstock)
    there = _there(feedstock)
    wanted = _wanted(recipe, feedstock, root)
    if pinning is not None:
        wanted |= _own_pins(recipe, root, pinning)
    elif _PINS in there:
        wanted[_PINS] = there[_PINS]
    found = [Change(file, there.get(file), wanted.get(file)) for file in sorted(there.keys() | wanted.keys())]
    return tuple(change for change in found if change.before != change.after)


def write(feedstock: Path, found: tuple[Change, ...]) -> None:
    """Make the changes; the recipe's folder is exchanged as a whole.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    with explain_os_errors(feedstock), atomic_path(feedstock / "recipe") as draft:
        if (feedstock / "recipe").is_dir():
            shutil.copytree(feedstock / "recipe", draft)
        for change in found:
            if change.file.startswith("recipe/"):
                _apply(change, draft / change.file.removeprefix("recipe/"))
    for change in found:
        if change.file == _SETTINGS and change.after is not None:
            with atomic_path(feedstock / _SETTINGS) as draft:
                draft.write_bytes(change.after)


def _apply(change: Change, target: Path) -> None:
    if change.after is None:
        target.unlink()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(change.after)


def _must_be_a_feedstock(folder: Path) -> None:
    """Let a feedstock pass, and what one is begun in: no folder, an empty one, or a repository without content."""
    known = (folder / "recipe").is_dir() or (folder / _SETTINGS).is_file()
    if not folder.exists() or known:
        return
    other = sorted(path.name for path in folder.iterdir() if not _NEW.fullmatch(path.name))
    if other:
        raise FeedstockInvalid(
            "this is no feedstock: it has neither recipe/ nor conda-forge.yml, and is no new repository either",
            where=str(folder),
            details=[f"it has {', '.join(other[:5])}" + (f" and {len(other) - 5} more" if len(other) > 5 else "")],
            todo="name a feedstock's folder, or one that is new, empty or fresh from `git init`.",
        )


def _there(feedstock: Path) -> dict[str, bytes]:
    files = [path for path in (feedstock / "recipe").rglob("*") if path.is_file()]
    if (feedstock / _SETTINGS).is_file():
        files.append(feedstock / _SETTINGS)
    return {path.relative_to(feedstock).as_posix(): path.read_bytes() for path in files}


def _wanted(recipe: str, feedstock: Path, root: Path) -> dict[str, bytes]:
    folder = root / "recipes" / recipe
    ours = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in _OURS]
    wanted = {f"recipe/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in ours}
    wanted[_SETTINGS] = _settings(folder / _SETTINGS, feedstock / _SETTINGS)
    return wanted


def _settings(ours: Path, theirs: Path) -> bytes:
    """Return conda-smithy's settings: ours, and what else the feedstock has (its secrets, its bot's settings)."""
    if not theirs.is_file():
        return ours.read_bytes()
    yaml = YAML()
    yaml.width = 100_000
    merged, wanted = _mapping(theirs, yaml), _mapping(ours, YAML())
    if all(merged.get(key) == value for key, value in wanted.items()):
        return theirs.read_bytes()
    merged.update(wanted)
    text = io.BytesIO()
    yaml.dump(merged, text)
    return text.getvalue()


def _mapping(file: Path, yaml: YAML) -> Any:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise FeedstockInvalid(
            f"conda-forge.yml cannot be read: {error}", where=str(file), todo="mend the file."
        ) from error
    if not isinstance(data, dict):
        raise FeedstockInvalid("conda-forge.yml is no mapping of settings", where=str(file), todo="mend the file.")
    return data


def _own_pins(recipe: str, root: Path, pinning: Path) -> dict[str, bytes]:
    """Return ``conda_build_config.yaml`` with the keys that the recipe uses with other values than the pinning has.

    Compilers and Pythons are left to conda-forge, whose migrations move them everywhere at once (and whose pinning zips
    Pythons with keys of its own); `feedstock_matrix` says where they differ.
    """
    ours: dict[str, dict[str, list[str]]] = {}
    for planned in plan.plan(Selection((recipe,), ("all",)), root=root, variants=()):
        for key, value in ci_support.pins(planned.rendered.variant).items():
            if key in _THEIRS:
                continue
            values = ours.setdefault(key, {}).setdefault(planned.cell.platform, [])
            values += [] if value in values else [value]
    theirs = {platform: _pinned(pinning, platform) for platform in _SELECTORS}
    lines = []
    for key, by_platform in sorted(ours.items()):
        if any(theirs[platform].get(key) != values for platform, values in by_platform.items()):
            lines += [f"{key}:", *_entries(by_platform)]
    return {_PINS: ("\n".join(lines) + "\n").encode()} if lines else {}


def _entries(values: Mapping[str, list[str]]) -> list[str]:
    """Return a key's values, with a selector where they do not hold for every platform."""
    if len({tuple(each) for each in values.values()}) == 1 and len(values) == len(_SELECTORS):
        return [f'  - "{value}"' for value in next(iter(values.values()))]
    return [f'  - "{value}"  # [{_SELECTORS[platform]}]' for platform, each in values.items() for value in each]


def _pinned(pinning: Path, platform: str) -> dict[str, list[str]]:
    from rattler_build import JinjaConfig, PlatformConfig, RattlerBuildError, VariantConfig

    config = JinjaConfig(platform=PlatformConfig(target_platform=platform))
    try:
        found = VariantConfig.from_conda_build_config(pinning, config)
    except (RattlerBuildError, OSError, ValueError) as error:
        raise RecipeInvalid(
            "the pinning does not parse",
            where=str(pinning),
            details=[str(error)],
            todo="name a conda_build_config.yaml.",
        ) from error
    return {str(key).replace("-", "_"): [str(each) for each in values] for key, values in dict(found).items()}
