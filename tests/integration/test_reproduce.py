"""`reproduce` by the command: a package is the same file twice, and of one that is not it is told where and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kafka_forge import platforms
from kafka_forge.bench.reproducing import times_a_build
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.reproducing import conditions, possible

from . import drafts

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
    uname -n > $PREFIX/share/host
    echo "$CPU_COUNT $(nproc)" > $PREFIX/share/cores
    mkdir many; touch many/one many/two many/three many/four many/five
    ls -U many > $PREFIX/share/order
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
    told = {"share/when", "share/where", "share/how", "share/host", "share/order", "share/cores", "info/paths.json"}
    assert found.keys() <= told, "and nothing of ours"
    (row,) = json.loads(done.stdout)["artifacts"]
    if shutil.which("diffoscope") is None:
        assert row["diffoscope"] is None
    else:
        assert "share/when" in Path(row["diffoscope"]).read_text(encoding="utf-8")


def test_one_condition_shows_what_comes_of_it(checkout: Path) -> None:
    found = seen(reproduce("told", "--json", "--condition", "path", root=checkout))
    assert "share/where" in found
    assert "share/how" not in found


@pytest.mark.skipif(platforms.usable_cores() < 2, reason="this machine has one processor")
def test_a_build_with_one_processor_is_told_of_one(checkout: Path) -> None:
    (row,) = json.loads(reproduce("told", "--json", "--condition", "cores", root=checkout).stdout)["artifacts"]
    (found,) = [each for each in row["differences"] if each["file"] == "share/cores"]
    assert "1 1" in json.dumps(found)


@pytest.mark.parametrize(("condition", "file"), [("host-name", "host"), ("file-order", "order")])
def test_what_takes_rights_is_otherwise_or_is_said_not_to_be(checkout: Path, condition: str, file: str) -> None:
    done = reproduce("told", "--json", "--condition", condition, root=checkout)
    why = possible.refusals(Cache.default(), Silent()).get(condition)
    if why is not None:
        assert (done.returncode, f"{condition}: {why}" in done.stderr) == (2, True)
        return
    assert f"share/{file}" in seen(done)


def test_the_clock_of_the_second_builds_engine_is_a_year_ahead(tmp_path: Path) -> None:
    why = possible.refusals(Cache.default(), Silent()).get("year")
    if why is not None:
        done = reproduce("kafka-python", "--condition", "year")
        assert (done.returncode, f"year: {why}" in done.stderr) == (2, True)
        return
    clock = possible.clock(possible.faketime(Cache.default(), Silent()))
    otherwise = conditions.arrange({"year"}, tmp_path, project_root(), tmp_path, conditions.With(clock=clock))
    command = [sys.executable, "-c", "import time; print(time.time())"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=otherwise.environment)
    assert 0 <= float(said.stdout) - time.time() - possible.YEAR + 60 < 600


def test_who_has_that_clock_can_wait_for_others(tmp_path: Path) -> None:
    """The second builds wait for locks that a run beside them holds, and for processes."""
    if possible.refusals(Cache.default(), Silent()).get("year"):
        pytest.skip("no clock of its own here")
    holder = """
import sys, threading
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    threading.Event().wait(0.5)
"""
    code = f"""
import subprocess, sys, time
from filelock import FileLock
from kafka_forge.reproducing import child
child.sleep_by_waiting()
holder = subprocess.Popen([sys.executable, "-c", {holder!r}, sys.argv[1]], stdout=subprocess.PIPE)
assert holder.stdout.readline() == b"held\\n"
with FileLock(sys.argv[1]):
    holder.wait(timeout=60)
time.sleep(0.01)
"""
    environment = os.environ | possible.clock(possible.faketime(Cache.default(), Silent()))
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_condition_that_there_is_not_is_refused() -> None:
    done = reproduce("kafka-python", "--condition", "weather")
    assert done.returncode == 2
    assert "weather: no such condition" in done.stderr


def test_what_reproducing_costs_is_measured_of_two_builds_that_are_the_same(checkout: Path) -> None:
    file = checkout / "recipes" / "told" / "recipe.yaml"
    lines = [line for line in RECIPE.splitlines() if "$PREFIX/share/" not in line or line.endswith("/word")]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert 1 < times_a_build(checkout, "embedded", Cache.default(), ["told"]) < 20


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("recipe", ["kafka-python", "pykafka"])
def test_an_artifact_is_the_same_file_twice(recipe: str) -> None:
    done = reproduce(recipe, "--python", "3.12", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert len(told["varied"]) >= 7
    assert [row["same"] for row in told["artifacts"]] == [True]
