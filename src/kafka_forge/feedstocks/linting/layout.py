"""Rules about the file as such: its sections, its lines, its templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.feedstocks.linting.rules import Found, Recipe, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDER = ("schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra")
"""conda-forge's order of a recipe with one output."""
_REQUIREMENTS = ("build", "host", "run")
_EXPRESSION = re.compile(r"\$\{\{(?P<inside>.*?)\}\}")
_COMMENT_SELECTOR = re.compile(r"\s#\s*\[(?:not |win|linux|osx|unix|py|x86|arm|aarch|ppc)[^\]]*\]\s*$")
_FLOAT = re.compile(r"\d+\.\d*|\.\d+|\d+(?:\.\d+)?[eE][+-]?\d+")


@rule("R-000", "lint", "no section that conda-forge does not know")
def _known(recipe: Recipe) -> Found:
    for key in recipe.data:
        if key not in {"$schema", *ORDER}:
            yield f"the section {key} is not one of a recipe with one output", str(key)


@rule("R-001", "lint", "the sections in their order")
def _order(recipe: Recipe) -> Found:
    yield from _ordered([str(key) for key in recipe.data], ORDER, "the sections", "")


@rule("R-009", "lint", "the requirements in their order")
def _requirements(recipe: Recipe) -> Found:
    yield from _ordered([*recipe.part("requirements")], _REQUIREMENTS, "the requirements", "requirements.")


def _ordered(seen: Sequence[str], order: Sequence[str], what: str, prefix: str) -> Found:
    known = [each for each in seen if each in order]
    wanted = sorted(known, key=order.index)
    for each, right in zip(known, wanted, strict=True):
        if each != right:
            yield f"{what} are in another order than {', '.join(wanted)}", f"{prefix}{each}"
            return


@rule("R-011", "lint", "one line end at the end, not more")
def _too_many(recipe: Recipe) -> Found:
    if recipe.text.endswith("\n\n"):
        yield "the file ends with empty lines", recipe.text.count("\n")


@rule("R-012", "lint", "a line end at the end")
def _too_few(recipe: Recipe) -> Found:
    if not recipe.text.endswith("\n"):
        yield "the last line has no end", recipe.text.count("\n") + 1


@rule("R-025", "hint", "one space within ${{ }}")
def _expressions(recipe: Recipe) -> Found:
    for number, line in enumerate(recipe.text.splitlines(), 1):
        for found in _EXPRESSION.finditer(line.partition(" # ")[0]):
            if found["inside"] != f" {found['inside'].strip()} ":
                yield f"{found[0]} has not one space on each side", number


@rule("R-040", "lint", "versions in quotes where they look like numbers")
def _floats(recipe: Recipe) -> Found:
    spots = {"package.version": recipe.part("package").get("version")}
    spots |= {f"context.{key}": value for key, value in recipe.part("context").items() if "version" in str(key)}
    for where, value in spots.items():
        if isinstance(value, float) or (isinstance(value, str) is False and _FLOAT.fullmatch(str(value))):
            yield f"{where} is read as the number {value}, which may lose a zero", where


@rule("R1-001", "lint", "no selectors in comments")
def _comment_selectors(recipe: Recipe) -> Found:
    for number, line in enumerate(recipe.text.splitlines(), 1):
        if _COMMENT_SELECTOR.search(line):
            yield "a selector in a comment selects nothing in a recipe.yaml: it takes if, then, else", number


@rule("R1-003", "hint", "build.bat, not bld.bat")
def _bld_bat(recipe: Recipe) -> Found:
    if (recipe.folder / "bld.bat").is_file():
        yield "rattler-build reads build.bat, and no bld.bat", None


@rule("R-038", "lint", "is_abi3 is true or false, no text")
def _abi3(recipe: Recipe) -> Found:
    for number, line in enumerate(recipe.text.splitlines(), 1):
        if re.search(r"is_abi3\s*[!=]=\s*['\"]", line):
            yield "is_abi3 is compared with a text, which it never is", number


@rule("FC-001", "lint", "each key once in conda-forge.yml")
def _settings(recipe: Recipe) -> Found:
    keys = re.findall(r"^([\w-]+):", recipe.settings, re.MULTILINE)
    for key in sorted({each for each in keys if keys.count(each) > 1}):
        yield f"conda-forge.yml has {key} more than once", None


@rule("RC-000", "lint", "c_stdlib_version, not MACOSX_DEPLOYMENT_TARGET")
def _deployment_target(recipe: Recipe) -> Found:
    for name in ("conda_build_config.yaml", "variants.yaml"):
        file = recipe.folder / name
        if file.is_file() and re.search(r"^MACOSX_DEPLOYMENT_TARGET:", file.read_text(encoding="utf-8"), re.MULTILINE):
            yield f"{name} sets MACOSX_DEPLOYMENT_TARGET: it is c_stdlib_version for osx now", None
