"""Environments made anew, broken and whole, looked at by `doctor`, which changes nothing in them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms
from kafka_forge.doctor import judging, known, looking
from kafka_forge.ground.paths import project_root
from tests.doctor_environments import ENVIRONMENTS, make

from . import artifacts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the environments are made of the embedded base"),
]


def contents(folder: Path) -> dict[str, str]:
    """Return every file and link of a folder, by what it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)  # noqa: PTH115
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if recipe.quick else [pytest.mark.long]) for name, recipe in ENVIRONMENTS.items()],
)
def test_a_fresh_environment_has_the_faults_of_the_table_and_no_other(name: str, tmp_path: Path) -> None:
    if ENVIRONMENTS[name].conda:
        artifacts.built("librdkafka", "python-confluent-kafka", "pykafka", python="3.14")
    seen = looking.look(make(name, tmp_path / "env"), {})
    assert {finding.id for finding in known.found(seen)} == ENVIRONMENTS[name].faults


def test_nothing_in_the_environment_is_changed(tmp_path: Path) -> None:
    python = make("three", tmp_path / "env")
    before = contents(tmp_path)
    for _ in range(2):
        looking.look(python, {"security.protocol": "ssl"})
    assert contents(tmp_path) == before


def test_it_runs_without_the_checkout_from_a_wheel_in_any_python(tmp_path: Path) -> None:
    """``pip install kafka-forge`` and nothing else: the wheel holds all that `doctor` reads."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_FORGE")}
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    tree = tmp_path / "tree"  # setuptools builds in the source's folder
    shutil.copytree(project_root() / "src", tree / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project_root() / name, tree)
    wheel = [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(tree)]
    subprocess.run(wheel, check=True, cwd=tmp_path, env=clean)
    (built,) = tmp_path.glob("kafka_forge-*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "tool"], check=True)
    tool = tmp_path / "tool" / "bin"
    subprocess.run([tool / "python", "-m", "pip", "install", "--quiet", built], check=True, cwd=tmp_path, env=clean)
    python = make("pykafka-setuptools-82", tmp_path / "env")
    done = subprocess.run(
        [tool / "kafka-forge", "doctor", "--python", python, "--json"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    told = json.loads(done.stdout)
    assert told["findings"][0]["id"] == "pykafka-asks-for-pkg-resources"


def test_a_crash_while_importing_is_found_and_takes_nothing_along(tmp_path: Path) -> None:
    """The module of one client ends the process; the other client is looked at as ever."""
    python = make("aiokafka-with-codecs", tmp_path / "env")
    (packages,) = (tmp_path / "env" / "lib").glob("python3.*/site-packages")
    (packages / "confluent_kafka").mkdir()
    (packages / "confluent_kafka" / "__init__.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    seen = looking.look(python, {})
    found = {finding.id: finding for finding in judging.judge(seen, {}, tmp_path)}
    assert "SIGSEGV" in found["import-crashes"].what
    assert seen.clients["aiokafka"].imports["aiokafka"].ok
