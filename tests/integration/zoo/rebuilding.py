"""librdkafka by the real recipe, in a folder of its own, with some of what the recipe says turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.ground.paths import project_root
from tests.integration import drafts

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
    folder = drafts.drafted(RECIPE, root)
    for file, pattern, new in changes:
        drafts.change(folder / file, pattern, new)
    return root
