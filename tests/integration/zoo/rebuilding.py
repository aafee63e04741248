"""librdkafka by the real recipe, in a folder of its own, with some of what the recipe says turned round."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from kafka_forge.ground.paths import project_root

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RECIPE = "librdkafka"
Change = tuple[str, str, str]
"""A file of the recipe, a regular expression that is found in it once, and what stands there then."""

OVERDEPENDING: Change = ("recipe.yaml", "overdepending_behavior: error", "overdepending_behavior: ignore")
"""A library that is not needed any more is no error then."""


def without(option: str, *words: str) -> tuple[Change, ...]:
    """Turn an option of configure round, and have build.sh not ask config.h for these words, which it would not get."""
    asked: tuple[Change, ...] = tuple(("build.sh", rf"\b{word}\b", "") for word in words)
    return (("build.sh", rf"--enable-{option}\b", f"--disable-{option}"), *asked)


def not_in_host(*names: str) -> tuple[Change, ...]:
    """Take libraries out of the host requirements."""
    return tuple(("recipe.yaml", rf"\n +- (if: unix\n +then: )?{name}(?=\n)", "") for name in names)


def recipe(name: str, changes: Iterable[Change]) -> Path:
    """Write the changed recipe anew; return the folder that stands for the checkout then.

    Args:
        name: of the folder, below ``output/zoo``; what was built in it before stays.
        changes: what is turned round.
    """
    root = project_root() / "output" / "zoo" / name
    shutil.rmtree(root / "recipes", ignore_errors=True)
    shutil.copytree(project_root() / "recipes" / RECIPE, root / "recipes" / RECIPE)
    for shared in ("variants.yaml", "names.yaml"):
        shutil.copyfile(project_root() / "recipes" / shared, root / "recipes" / shared)
    if not (root / "bootstrap").exists():
        (root / "bootstrap").symlink_to(project_root() / "bootstrap")
    for file, pattern, new in changes:
        _change(root / "recipes" / RECIPE / file, pattern, new)
    return root


def _change(file: Path, pattern: str, new: str) -> None:
    text, times = re.subn(pattern, new, file.read_text(encoding="utf-8"))
    assert times == 1, f"{pattern} stands {times} times in {file.name}"
    file.write_text(text, encoding="utf-8")
