"""Sources against the real registries that this machine is set to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kafka_forge.ground.files import Store, sha256_of
from kafka_forge.ground.paths import project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Source, load_hints, obtain

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

HINTS = sorted((project_root() / "recipes").glob("*/sources.yaml"))


@pytest.mark.parametrize("path", HINTS, ids=lambda path: path.parent.name)
def test_every_hint_beside_a_recipe_gives_upstreams_own_bytes(path: Path, tmp_path: Path) -> None:
    for sha256, providers in load_hints(path).items():
        for provider in providers:
            if provider.kind.startswith("debian") and not shutil.which("apt-get"):
                continue
            found = obtain(Source(provider.where, sha256, (), (provider,)), Store(tmp_path), Silent())
            assert sha256_of(found) == sha256
