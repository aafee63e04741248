"""Which version and build number a feedstock's recipe has, be it ``recipe.yaml`` (v1) or ``meta.yaml`` (v0).

Neither is rendered in full: that would take conda-build and all pins. The templates are filled in with what they set
themselves, for each platform; the highest build number of all counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import FeedstockInvalid
from kafka_forge.values import selectors
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jinja2.sandbox import SandboxedEnvironment


@dataclass(frozen=True, slots=True)
class Release:
    """A version, and the highest build number that the recipe gives it on any platform."""

    version: str
    number: int


def read(feedstock: Path) -> Release:
    """Read a feedstock's recipe; the newer format counts where both are there.

    Raises:
        FeedstockInvalid: there is none, or its version or build number cannot be made out.
    """
    from jinja2 import TemplateError

    readers: tuple[tuple[str, Callable[[str], list[Release]]], ...] = (("recipe.yaml", _v1), ("meta.yaml", _v0))
    for name, reader in readers:
        file = feedstock / "recipe" / name
        if file.is_file():
            try:
                found = reader(file.read_text(encoding="utf-8"))
            except (OSError, YAMLError, TemplateError, KeyError, TypeError, ValueError, AttributeError) as error:
                raise _unreadable(file, error) from error
            return max(found, key=lambda release: release.number)
    raise FeedstockInvalid(
        "this feedstock has no recipe: neither recipe/recipe.yaml nor recipe/meta.yaml",
        where=str(feedstock / "recipe"),
        todo="name the root of a feedstock's checkout.",
    )


def _unreadable(file: Path, error: Exception) -> FeedstockInvalid:
    return FeedstockInvalid(
        "the version and build number of the feedstock's recipe cannot be made out",
        where=str(file),
        details=[f"{type(error).__name__}: {error}".splitlines()[0]],
        todo="mend the recipe: it needs a version, and a build number that is one when its own settings are filled in.",
    )


def _v1(text: str) -> list[Release]:
    """Fill in ``${{ … }}`` of the context first, as CEP 13 has it, then of version and number."""
    recipe = YAML(typ="safe").load(text)
    asked = {"context": recipe.get("context") or {}, "package": recipe.get("package") or recipe["recipe"]}
    asked["number"] = (recipe.get("build") or {}).get("number", 0)
    found = []
    for platform in PLATFORMS:
        part = selectors.resolve(asked, platform)
        words: dict[str, Any] = {**selectors.words(platform), "target_platform": platform, "build_platform": platform}
        for key, value in part["context"].items():
            words[key] = _filled(value, words)
        found.append(Release(str(_filled(part["package"]["version"], words)), int(_filled(part["number"], words))))
    return found


def _filled(value: Any, words: dict[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    environment = _sandbox(variable_start_string="${{", variable_end_string="}}")
    return environment.from_string(value).render(words)


def _v0(text: str) -> list[Release]:
    """Fill in the template as conda-build does, with nothing for what only it knows; then read the two lines.

    Lines with selectors all count: which of them holds does not matter for the highest number.
    """
    names = ("compiler", "stdlib", "cdt", "pin_compatible", "pin_subpackage", "load_file_regex", "load_setup_py_data")
    filled = _sandbox().from_string(text).render(dict.fromkeys(names, _nothing) | {"environ": {}})
    versions, numbers = _lines(filled, "package", "version"), _lines(filled, "build", "number")
    return [Release(versions[0], int(number)) for number in numbers or ["0"]]


def _nothing(*_: Any, **__: Any) -> str:
    return ""


def _lines(text: str, section: str, key: str) -> list[str]:
    """Return the values of a key in a top-level section, without their comments and quotes."""
    block = re.search(rf"^{section}:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", text + "\n", re.MULTILINE)
    lines = re.findall(rf"^[ \t]+{key}:[ \t]*([^\s#]+)", block.group(1) if block else "", re.MULTILINE)
    if not lines and key == "version":
        raise ValueError(f"no {section}/{key}")
    return [line.strip("'\"") for line in lines]


def _sandbox(**delimiters: str) -> SandboxedEnvironment:
    """Return a Jinja environment for templates that others wrote: what it does not know becomes empty text."""
    from jinja2 import ChainableUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=ChainableUndefined, **delimiters)
