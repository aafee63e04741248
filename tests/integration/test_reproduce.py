"""`reproduce` by the command: a package is the same file twice, and of one that is not it is told where and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.ground.paths import project_root

from . import drafts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

RECIPE = """
package: {name: told, version: "1"}
build:
  noarch: generic
  script: |
    mkdir -p $PREFIX/share
    date +%s > $PREFIX/share/when
    pwd > $PREFIX/share/where
    echo "$TZ $SOURCE_DATE_EPOCH $(umask) word" > $PREFIX/share/how
    echo word > $PREFIX/share/word
about: {license: Apache-2.0}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one recipe, which writes into its package what no package should hold."""
    root = tmp_path / "checkout"
    (root / "recipes" / "told").mkdir(parents=True)
    (root / "recipes" / "told" / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    drafts.share(root)
    return root


def reproduce(*arguments: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kafka_forge.cli", "reproduce", *arguments, "--base", "embedded"]
    environment = {**os.environ, "KAFKA_FORGE_ROOT": str(root or project_root())}
    return subprocess.run(command, capture_output=True, text=True, timeout=1700, check=False, env=environment)


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return file → why it differs, of the only artifact."""
    (row,) = json.loads(done.stdout)["artifacts"]
    return {each["file"]: each["why"] for each in row["differences"]}


def test_what_a_build_tells_of_its_hour_and_place_is_found(checkout: Path) -> None:
    done = reproduce("told", "--json", root=checkout)
    assert done.returncode == 3, done.stderr
    assert "KF003" in done.stderr
    found = seen(done)
    assert (found["share/when"], found["share/where"]) == ("a time of the build", "a path of the build")
    assert "share/how" in found
    assert found.keys() <= {"share/when", "share/where", "share/how", "info/paths.json"}, "and nothing of ours"


def test_one_condition_shows_what_comes_of_it(checkout: Path) -> None:
    found = seen(reproduce("told", "--json", "--condition", "path", root=checkout))
    assert "share/where" in found
    assert "share/how" not in found


def test_a_condition_that_there_is_not_is_refused() -> None:
    done = reproduce("kafka-python", "--condition", "weather")
    assert done.returncode == 2
    assert "weather: no such condition" in done.stderr


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("recipe", ["kafka-python", "pykafka"])
def test_an_artifact_is_the_same_file_twice(recipe: str) -> None:
    done = reproduce(recipe, "--python", "3.12", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert len(told["varied"]) >= 7
    assert [row["same"] for row in told["artifacts"]] == [True]
