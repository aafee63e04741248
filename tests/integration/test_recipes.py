"""pykafka's patches on the real source archive."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from kafka_forge.files import Store
from kafka_forge.paths import project_root
from kafka_forge.progress import Silent
from kafka_forge.sources import Source, load_hints, obtain

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

FOLDER = project_root() / "recipes" / "pykafka"


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pykafka's source with all patches, each applied with no fuzz and no offset."""
    room = tmp_path_factory.mktemp("pykafka")
    source = YAML(typ="safe").load((FOLDER / "recipe.yaml").read_text(encoding="utf-8"))["source"]
    sha256 = source["sha256"]
    archive = obtain(
        Source("pykafka", sha256, (), load_hints(FOLDER / "sources.yaml")[sha256]), Store(room / "store"), Silent()
    )
    with tarfile.open(archive) as tar:
        tar.extractall(room, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(room)
    (tree,) = room.glob("pykafka-*")
    for patch in source["patches"]:
        done = subprocess.run(
            ["git", "apply", "--verbose", str(FOLDER / patch)], cwd=tree, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "offset" not in done.stderr
        assert "fuzz" not in done.stderr
    return tree


def test_nothing_asks_for_what_setuptools_and_python_took_out(patched: Path) -> None:
    gone = ("pkg_resources", "distutils", "setuptools.command.test")
    files = [patched / "setup.py", *(patched / "pykafka").rglob("*.py")]
    assert [path.name for path in files if any(word in path.read_text(encoding="utf-8") for word in gone)] == []


@pytest.mark.parametrize(("wanted", "status"), [("system", 1), (None, 1), ("none", 0)])
def test_a_failed_extension_fails_the_build_unless_it_is_declined(
    patched: Path, tmp_path: Path, wanted: str | None, status: int
) -> None:
    env = {key: value for key, value in os.environ.items() if key != "RDKAFKA_INSTALL"} | {"CC": "false"}
    if wanted:
        env["RDKAFKA_INSTALL"] = wanted
    done = subprocess.run(
        [sys.executable, "setup.py", "build", "--build-base", str(tmp_path)],
        cwd=patched,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == bool(status), done.stderr
