"""librdkafkas that were built without a feature, by the real recipe with one of its options turned round.

What its configure does not find it leaves out in silence: that is how users come by such a library. lz4 cannot be left
out, for librdkafka has a copy of its own (``--disable-lz4-ext`` takes that one).
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from conda_package_streaming.extract import extract

from kafka_forge.building import build
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.selection import Selection

from .animal import Animal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kafka_forge.values.model import Artifact

    from .trees import Tree

_RECIPE = "librdkafka"
_DEMANDED = {"gssapi": ("WITH_SASL_CYRUS",)}
"""Option of configure → what build.sh asks of config.h, and would not get."""


def built(option: str) -> Artifact:
    """Build librdkafka without what an option of its configure brings; what is unchanged is reused."""
    root = project_root() / "output" / "zoo" / f"without-{option}"
    shutil.rmtree(root / "recipes", ignore_errors=True)
    shutil.copytree(project_root() / "recipes" / _RECIPE, root / "recipes" / _RECIPE)
    for shared in ("variants.yaml", "names.yaml"):
        shutil.copyfile(project_root() / "recipes" / shared, root / "recipes" / shared)
    if not (root / "bootstrap").exists():
        (root / "bootstrap").symlink_to(project_root() / "bootstrap")
    _change(root / "recipes" / _RECIPE / "build.sh", rf"--enable-{option}\b", f"--disable-{option}")
    for word in _DEMANDED[option]:
        _change(root / "recipes" / _RECIPE / "build.sh", rf"\b{word}\b", "")
    recipe = root / "recipes" / _RECIPE / "recipe.yaml"
    _change(recipe, "overdepending_behavior: error", "overdepending_behavior: ignore")  # what it no longer needs
    (artifact,) = build.build(
        Selection(recipes=(_RECIPE,)),
        root=root,
        base="auto",
        output=root / "output",
        cache=Cache.default(),
        jobs=1,
        progress=Silent(),
    ).artifacts
    return artifact


def _change(file: Path, pattern: str, new: str) -> None:
    text, times = re.subn(pattern, new, file.read_text(encoding="utf-8"))
    assert times == 1, f"{pattern} stands {times} times in {file.name}"
    file.write_text(text, encoding="utf-8")


def _library(option: str) -> Callable[[Tree], None]:
    """Return what puts the library of such a build into the place of the good one."""

    def make(tree: Tree) -> None:
        room = tree.folder.with_name("rebuilt")
        extract(built(option).path, room)
        for file in room.glob("lib/librdkafka*.so.1"):
            shutil.copyfile(file, tree.folder / "lib" / file.name)

    return make


REBUILT = (
    Animal(
        "gssapi-missing",
        _RECIPE,
        "confluentinc/confluent-kafka-python#1149",
        "librdkafka was built without Cyrus SASL, so nobody can log in by Kerberos",
        "features",
        "missing: sasl_gssapi",
        "demand each feature",
        _library("gssapi"),
    ),
)
