"""``install --together``: both C clients and the pure ones side by side, for whoever wants to look at them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from . import artifacts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet
RECIPES = ("kafka-python", "librdkafka", "pykafka", "python-confluent-kafka")
LOOK = "import confluent_kafka, kafka, pykafka.rdkafka; print(confluent_kafka.libversion()[0], kafka.__version__)"


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kafka_forge.cli", "install", *RECIPES, *arguments, "--together"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_one_environment_has_all_of_them(tmp_path: Path) -> None:
    ready = artifacts.built(*RECIPES, python="3.14")
    done = install("--python", "3.14", "--prefix", str(tmp_path / "all"), "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert sorted(row["cells"]) == sorted(each.cell.id for each in ready.artifacts)
    versions = {package["name"]: package["version"] for package in row["packages"]}
    assert {each.cell.name: each.cell.version for each in ready.artifacts}.items() <= versions.items()
    python = tmp_path / "all" / "bin" / "python"
    said = subprocess.run([python, "-c", LOOK], capture_output=True, text=True, check=True).stdout.split()
    assert said == [versions["librdkafka"], versions["kafka-python"]]


def test_several_pythons_are_no_one_environment(tmp_path: Path) -> None:
    for python in ("3.13", "3.14"):
        artifacts.built(*RECIPES, python=python)
    done = install("--python", "3.13", "--python", "3.14", "--prefix", str(tmp_path / "all"))
    assert done.returncode != 0
    assert "one environment is for one platform and one Python" in done.stderr
    assert "--python 3.14" in done.stderr
