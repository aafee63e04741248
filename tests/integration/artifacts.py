"""The recipes' artifacts as integration tests take them: built where they are not, and installed afresh."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

from kafka_forge.building import build
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments import environment
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.building.build import Built
    from kafka_forge.values.model import Base, Environment


def built(*recipes: str, python: str | None = None) -> Built:
    """Build what these recipes make for this machine, for one Python or for all; what is unchanged is reused."""
    root = project_root()
    return build.build(
        Selection(recipes=recipes, pythons=(python,) if python else ()),
        root=root,
        base="auto",
        output=root / "output",
        cache=Cache.default(),
        jobs=2,
        progress=Silent(),
    )


def channels(made: Built) -> tuple[str, str]:
    """Return where it is installed from: the channel that was built into, and the base's."""
    return channels_of(made.base)


def channels_of(base: Base) -> tuple[str, str]:
    """Return the same of a base, whatever of it was built by this test."""
    return (project_root() / "output").as_uri(), base.channel


@contextlib.contextmanager
def installed(recipe: str, python: str | None = None) -> Iterator[Environment]:
    """Give a fresh environment with a recipe's artifact; it is gone when the block ends."""
    made = built(recipe, python=python)
    (artifact,) = made.artifacts
    contract = load_contract(project_root() / "recipes" / recipe / "contract.yaml", python=artifact.cell.python)
    with environment.fresh(
        artifact, contract, channels=channels(made), cache=Cache.default(), progress=Silent()
    ) as fresh:
        yield fresh


def run(
    made: Environment, program: str, *arguments: str, folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a program's text by an environment's Python in a folder; return how it ended and what it said."""
    command: list[str | Path] = [made.interpreter, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
