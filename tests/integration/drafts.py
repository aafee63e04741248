"""A recipe of ours in a checkout of its own, to be changed and built there; what is unchanged is reused."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from kafka_forge.building import build
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.building.build import Built


def drafted(recipe: str, root: Path) -> Path:
    """Copy a recipe of the checkout into another root, with what it shares with others; return its folder there."""
    shutil.rmtree(root / "recipes", ignore_errors=True)
    folder = root / "recipes" / recipe
    shutil.copytree(project_root() / "recipes" / recipe, folder)
    share(root)
    return folder


def share(root: Path) -> None:
    """Give another root what all recipes share, and what the base is made of."""
    for shared in ("variants.yaml", "names.yaml"):
        shutil.copyfile(project_root() / "recipes" / shared, root / "recipes" / shared)
    link = root / "bootstrap"
    link.unlink(missing_ok=True)  # the checkout may have stood elsewhere
    link.symlink_to(project_root() / "bootstrap")


def change(file: Path, pattern: str, new: str) -> None:
    """Change what stands once in a file."""
    text, times = re.subn(pattern, new, file.read_text(encoding="utf-8"))
    assert times == 1, f"{pattern} stands {times} times in {file.name}"
    file.write_text(text, encoding="utf-8")


def built(recipe: str, root: Path) -> Built:
    """Build a drafted recipe for this machine into the root's ``output``."""
    return build.build(
        Selection(recipes=(recipe,)),
        root=root,
        base="auto",
        output=root / "output",
        cache=Cache.default(),
        jobs=1,
        progress=Silent(),
    )
