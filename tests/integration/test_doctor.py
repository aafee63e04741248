"""Environments made anew, broken and whole, looked at by `doctor`, which changes nothing in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_forge import platforms
from kafka_forge.doctor import judging, known, looking
from kafka_forge.ground.paths import project_root
from tests.doctor_environments import ENVIRONMENTS, contents, make

from . import artifacts

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),  # it builds what is not built yet
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the environments are made of the embedded base"),
]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with three clients; for looking at."""
    return make("three", tmp_path_factory.mktemp("three") / "env")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if recipe.quick else [pytest.mark.long]) for name, recipe in ENVIRONMENTS.items()],
)
def test_a_fresh_environment_has_the_faults_of_the_table_and_no_other(name: str, tmp_path: Path) -> None:
    if ENVIRONMENTS[name].conda:
        artifacts.built("librdkafka", *(spec.split()[0] for spec in ENVIRONMENTS[name].conda), python="3.14")
    seen = looking.look(make(name, tmp_path / "env"), {})
    assert {finding.id for finding in known.found(seen)} == ENVIRONMENTS[name].faults


def test_nothing_in_the_environment_is_changed(three: Path, tmp_path: Path) -> None:
    """Nothing is installed or compiled: no file comes or goes, and none has another byte, mode or time."""
    prefix = three.parents[1]
    for compiled in list(prefix.rglob("__pycache__")):
        shutil.rmtree(compiled)
    before = contents(prefix)
    (tmp_path / "client.properties").write_text("security.protocol=ssl\n")
    for more in ([], ["--security", "client.properties", "--redact", "--json"]):
        command = [str(Path(sys.executable).with_name("kafka-forge")), "doctor", "--prefix", str(prefix), *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
    assert contents(prefix) == before


@pytest.mark.long  # pip fetches all that kafka-forge needs
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


def test_a_crash_while_importing_is_found_and_takes_nothing_along(
    three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module of one client ends the process; the other clients are looked at as ever."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    seen = looking.look(three, {})
    found = {finding.id: finding for finding in judging.judge(seen, {}, Path("/nonexistent"))}
    assert "SIGSEGV" in found["import-crashes"].what
    assert seen.clients["aiokafka"].imports["aiokafka"].ok
