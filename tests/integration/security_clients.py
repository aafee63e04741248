"""Clients with TLS and SASL in a fresh environment, of this platform or of another one under its emulator."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import bases, platforms
from kafka_forge.bases import home
from kafka_forge.building import build
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments import activation, environment
from kafka_forge.ground import processes
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.values.model import Environment


PYTHON = "3.11"
"""The one that every platform has."""


HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Client:
    """A client in an environment of its own."""

    made: Environment

    def run(self, module: str, *arguments: str) -> Any:
        """Run a module of this folder inside; return the JSON of its last line."""
        runner = self.made.runner
        assert runner is not None
        command = runner.command([self.made.interpreter, "-m", module, *arguments])
        variables = {**activation.variables(self.made), "PYTHONPATH": runner.path(HERE)}
        done = processes.run(command, environment=variables, timeout=60 * runner.slowness)
        text = done.output.decode(errors="replace")
        assert done.returncode == 0, text[-4000:]
        return json.loads([line for line in text.splitlines() if line.startswith('"')][-1])

    def path(self, path: Path) -> str:
        """Return how the client calls a file of this machine."""
        assert self.made.runner is not None
        return self.made.runner.path(path)


def _base(platform: str) -> str | None:
    """Return the base's channel; for another platform than this one, None where it has not been made as it is now."""
    cache = Cache.default()
    if platform == platforms.current():
        return bases.select("embedded", platform, cache, Silent()).channel
    channel = home.provide(cache, project_root())
    return channel.as_uri() if (channel / platform / "repodata.json").is_file() else None


@contextlib.contextmanager
def installed(recipe: str, platform: str) -> Iterator[Client]:
    root, cache = project_root(), Cache.default()
    selection = Selection(recipes=(recipe,), platforms=(platform,), pythons=(PYTHON,))
    (cell,) = [each.cell for each in build.plan_on(selection, "embedded", root) if each.selected]
    artifact = build.find_built(root / "output", cell)
    base = _base(platform)
    if artifact is None or base is None:
        pytest.skip(f"`verify {recipe} --platform {platform} --python {PYTHON}` has not been run here")
    contract = load_contract(root / "recipes" / recipe / "contract.yaml", platform, PYTHON)
    channels = [(root / "output").as_uri(), base]
    with environment.fresh(artifact, contract, channels=channels, cache=cache, progress=Silent()) as made:
        yield Client(made)
