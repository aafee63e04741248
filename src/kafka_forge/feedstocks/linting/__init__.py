"""conda-forge's rules for v1 recipes, by the ids that conda-smithy's linter has for them.

conda-smithy is a package of conda's and needs conda; what the Python index has under that name is empty. Where it is
installed it is called as well. What is known of a recipe and stays as it is stands in ``recipes/lint.yaml``.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import LockInvalid, RecipeInvalid
from kafka_forge.feedstocks.linting import about, building, layout, requirements
from kafka_forge.feedstocks.linting.rules import RULES, Kind, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODULES", "RULES", "Finding", "Said", "known", "lint", "read", "smithy"]

MODULES = (about, building, layout, requirements)
"""Where the rules are."""
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    Attributes:
        recipe: the recipe's name.
        rule: the rule's id.
        kind: a lint, or a hint.
        what: what is wrong.
        where: ``FILE:LINE``.
        known: why it is so and stays, where that is known; such a finding fails nothing.
    """

    recipe: str
    rule: str
    kind: Kind
    what: str
    where: str
    known: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What conda-smithy's own linter said of a recipe: whether it is content, and its words."""

    content: bool
    words: str


def read(name: str, folder: Path, settings: Path) -> Recipe:
    """Read a recipe.

    Args:
        name: what it is called in findings.
        folder: where its ``recipe.yaml`` is.
        settings: conda-smithy's ``conda-forge.yml``, which need not be there.

    Raises:
        RecipeInvalid: there is no ``recipe.yaml``, or it is no YAML of a recipe.
    """
    file = folder / "recipe.yaml"
    try:
        text = file.read_text(encoding="utf-8")
        data: Any = YAML().load(io.StringIO(text))
    except (OSError, UnicodeError, YAMLError) as error:
        raise RecipeInvalid(
            f"the recipe cannot be read: {str(error).splitlines()[0]}", where=str(file), todo="mend the file (R-036)."
        ) from error
    if not isinstance(data, dict):
        raise RecipeInvalid("this is no recipe: it has no sections", where=str(file), todo="mend the file (R-036).")
    return Recipe(name, folder, text, data, settings.read_text(encoding="utf-8") if settings.is_file() else "")


def lint(recipe: Recipe, why: Mapping[str, str]) -> tuple[Finding, ...]:
    """Hold a recipe against every rule; ``why`` is the id of a rule → why what it finds is known and stays.

    What is known and is not found any more is a finding of its own, as a stale refusal of a contract is.
    """
    found = []
    for rule in RULES.values():
        for what, where in rule.look(recipe):
            place = f"{recipe.folder / 'recipe.yaml'}:{recipe.line(where)}"
            found.append(Finding(recipe.name, rule.id, rule.kind, what, place, why.get(rule.id, "")))
    gone = sorted(why.keys() - {each.rule for each in found})
    found += [
        Finding(recipe.name, each, "lint", "it is known in lint.yaml, and not there any more", "") for each in gone
    ]
    return tuple(found)


def known(root: Path) -> dict[str, dict[str, str]]:
    """Read ``recipes/lint.yaml``: recipe → rule → why what the rule finds stays as it is.

    Raises:
        LockInvalid: it is not of that form, or names a rule that there is not.
    """
    file = root / "recipes" / "lint.yaml"
    if not file.is_file():
        return {}
    try:
        data: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}
        read_ = {str(name): {str(key): str(text) for key, text in rows.items()} for name, rows in data.items()}
    except (YAMLError, AttributeError) as error:
        raise LockInvalid(
            f"this is no list of what is known: {str(error).splitlines()[0]}", where=str(file), todo="mend the file."
        ) from error
    unknown = sorted({rule for rows in read_.values() for rule in rows} - RULES.keys())
    if unknown:
        raise LockInvalid(
            f"there is no rule {', '.join(unknown)}", where=str(file), todo="name rules by the ids that --lint shows."
        )
    return read_


def smithy(recipe: Recipe) -> Said | None:
    """Let conda-smithy look at a recipe, in a folder that is as a feedstock; None where it is not installed."""
    program = shutil.which("conda-smithy")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="kafka-forge-lint-") as name:
        feedstock = Path(name) / f"{recipe.name}-feedstock"
        shutil.copytree(recipe.folder, feedstock / "recipe")
        (feedstock / "conda-forge.yml").write_text(recipe.settings, encoding="utf-8")
        try:
            done = subprocess.run(
                [program, "recipe-lint", "--conda-forge", str(feedstock / "recipe")],
                cwd=feedstock,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Said(content=False, words=f"conda-smithy did not end within {_SECONDS} s")
        words = (done.stdout + done.stderr).replace(str(feedstock), recipe.name).strip()
    return Said(done.returncode == 0, words)
