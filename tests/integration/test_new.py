"""`new` on projects of the real index, a pure one and one of Cython: built and verified as they were written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kafka_forge import platforms
from kafka_forge.ground.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout with one of its recipes."""
    for name in ("recipes/kafka-python", "bootstrap"):
        shutil.copytree(project_root() / name, tmp_path / "checkout" / name)
    for file in ("variants.yaml", "names.yaml"):
        shutil.copy(project_root() / "recipes" / file, tmp_path / "checkout" / "recipes")
    return tmp_path / "checkout"


def forge(checkout: Path, *arguments: str) -> Any:
    environment = {**os.environ, "KAFKA_FORGE_ROOT": str(checkout)}
    command = [sys.executable, "-m", "kafka_forge.cli", *arguments, "--json"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_new_recipe_verifies_as_it_was_written(checkout: Path) -> None:
    made = forge(checkout, "new", "pypi:six==1.17.0", "--maintainer", "somebody")
    assert [each["rule"] for each in made["findings"]] == ["R-051"]
    report = forge(checkout, "verify", "six")
    (artifact,) = report["artifacts"]
    assert artifact["verdict"] == "pass"
    assert {"imports[six]", "pip-check", "record-complete"} <= {check["id"] for check in artifact["checks"]}


def test_aiokafkas_recipe_is_ready(checkout: Path) -> None:
    made = forge(checkout, "new", "pypi:aiokafka==0.14.0")
    assert {each["rule"] for each in made["findings"]} == {"CF-001", "R-051"}
    recipe = YAML(typ="safe").load((checkout / "recipes/aiokafka/recipe.yaml").read_text(encoding="utf-8"))
    assert {"python", "cython >=3.0.5", "setuptools >=77", "zlib"} <= set(recipe["requirements"]["host"])
    assert recipe["requirements"]["run"] == ["python", "async-timeout", "packaging", "typing_extensions >=4.10.0"]
    assert recipe["about"]["license"] == "Apache-2.0"
    planned = {row["id"] for row in forge(checkout, "plan", "aiokafka")}
    assert len(planned) >= 5


@pytest.mark.long
def test_aiokafkas_recipe_verifies_as_it_was_written(checkout: Path) -> None:
    """Its extension modules are compiled by Cython, which is slow as it is written."""
    forge(checkout, "new", "pypi:aiokafka==0.14.0")
    report = forge(checkout, "verify", "aiokafka", "--python", "3.14", "--platform", platforms.current())
    (artifact,) = report["artifacts"]
    not_passed = {check["id"] for check in artifact["checks"] if check["verdict"] != "pass"}
    assert not_passed == {"roundtrip-transactions[default/replaced]"}, artifact["checks"]
    assert {"package-contents", "sbom", "roundtrip-delivery[default/produce/zstd]"} <= {
        check["id"] for check in artifact["checks"]
    }
