"""RECORD: what is read of it, how it is judged for packages without a platform, and the script that makes it true."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kafka_forge import checks
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import records
from kafka_forge.values.model import CheckResult, Verdict
from tests.unit.test_inspect import RECORD, SEEN, evidence

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = sorted((project_root() / "recipes").glob("*/record.py"))
INFO = "kafka_python-3.0.12.dist-info"
EMPTY = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"
"""Hash and size of an empty file, as pip spells them."""


def installed(prefix: Path, site: str, lines: list[str], files: list[str]) -> dict[str, list[str]]:
    """Write empty files and a RECORD; return what is read of it: path → what is said of it and what it is."""
    for file in files:
        (prefix / file).parent.mkdir(parents=True, exist_ok=True)
        (prefix / file).touch()
    (prefix / site / INFO).mkdir(parents=True, exist_ok=True)
    (prefix / site / INFO / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (found,) = records.read(prefix, [*files, f"{site}/{INFO}/RECORD"]).values()
    return {line.file: [",".join(line.listed), ",".join(line.found or ("missing", ""))] for line in found}


def test_every_line_is_read_with_the_file_that_it_names(tmp_path: Path) -> None:
    site = "lib/python3.12/site-packages"
    lines = [
        f"kafka/__init__.py,{EMPTY}",
        '"a,b.py",,',
        "../../../bin/x,,",
        "gone.py,sha256=x,1",
        "odd.py,md9=x,0",
        "c.py",
    ]
    found = installed(tmp_path, site, lines, [f"{site}/kafka/__init__.py", f"{site}/a,b.py", "bin/x", f"{site}/odd.py"])
    assert found == {
        f"{site}/kafka/__init__.py": [EMPTY, EMPTY],
        f"{site}/a,b.py": [",", ",0"],
        "bin/x": [",", ",0"],
        f"{site}/gone.py": ["sha256=x,1", "missing,"],
        f"{site}/odd.py": ["md9=x,0", ",0"],
        f"{site}/c.py": [",", "missing,"],
    }


def test_a_file_of_the_prefix_that_is_not_the_packages_own_makes_no_line_true(tmp_path: Path) -> None:
    compiled = "lib/python3.12/site-packages/kafka/__pycache__/__init__.cpython-312.pyc"
    (tmp_path / compiled).parent.mkdir(parents=True)
    (tmp_path / compiled).touch()
    found = installed(tmp_path, "lib/python3.12/site-packages", ["kafka/__pycache__/__init__.cpython-312.pyc,,"], [])
    assert found == {compiled: [",", "missing,"]}


def judged(*, noarch: bool, without: str = "", files: tuple[str, ...] = (), lines: tuple[str, ...] = ()) -> CheckResult:
    """Judge the captured package as if it were another one."""
    seen = evidence(SEEN)
    cell = replace(seen.environment.artifact.cell, noarch=noarch)
    seen = replace(
        seen,
        environment=replace(seen.environment, artifact=replace(seen.environment.artifact, cell=cell)),
        files=tuple(file for file in (*seen.files, *files) if not without or without not in file),
        records={
            RECORD: (
                *(line for line in seen.records[RECORD] if not without or without not in line.file),
                *(replace(seen.records[RECORD][0], path=line, file=line) for line in lines),
            )
        },
    )
    check = checks.by_id()["record-complete"]
    (result,) = check.judge(None, seen)
    return result


def test_a_package_for_every_python_names_nothing_whose_place_depends_on_the_system() -> None:
    assert judged(noarch=True, without="__pycache__").verdict is Verdict.PASS
    result = judged(noarch=True, files=("bin/tool",), lines=("bin/tool",))
    assert (result.verdict, result.summary) == (
        Verdict.FAIL,
        "lists bin/tool, which has another place on another system",
    )
    assert judged(noarch=True, files=("bin/tool",)).verdict is Verdict.PASS


def test_compiled_files_are_listed_where_the_package_brings_them() -> None:
    compiled = "lib/python3.12/site-packages/confluent_kafka/__pycache__/new.cpython-312.pyc"
    assert judged(noarch=True, files=(compiled,)).verdict is Verdict.PASS
    assert "does not list" in judged(noarch=False, files=(compiled,)).summary


def test_many_faults_are_counted_and_all_of_them_in_the_evidence() -> None:
    result = judged(noarch=False, files=tuple(f"lib/site-packages/{number}.py" for number in range(30)))
    assert result.summary.endswith("; and 20 more")
    assert len(result.evidence["all"]) == 30
    json.dumps(dict(result.evidence))


# --- recipes/*/record.py --------------------------------------------------------------------------------------------


def test_every_python_recipe_has_the_same_script_and_calls_it_behind_pip() -> None:
    names = [path.parent.name for path in (project_root() / "recipes").glob("*/recipe.yaml")]
    assert [script.parent.name for script in SCRIPTS] == sorted(set(names) - {"librdkafka"})
    assert len({script.read_bytes() for script in SCRIPTS}) == 1, "a feedstock needs a copy of its own: keep them alike"
    for script in SCRIPTS:
        recipe = script.with_name("recipe.yaml").read_text(encoding="utf-8")
        calls = [line for line in recipe.splitlines() if "pip install" in line or "record.py" in line]
        assert [("record.py" in line) for line in calls] == [False, True] * (len(calls) // 2)


LAYOUTS = {
    "linux-64": ("lib/python3.12/site-packages", "../../../bin/kafka-tools", ["bin/kafka-tools"], ".so"),
    "osx-arm64": ("lib/python3.12/site-packages", "../../../bin/kafka-tools", ["bin/kafka-tools"], ".so"),
    "win-64": (
        "Lib/site-packages",
        "../../Scripts/kafka-tools",
        ["Scripts/kafka-tools.exe", "Scripts/kafka-tools-script.py"],
        ".pyd",
    ),
}


@pytest.mark.parametrize("platform", LAYOUTS)
def test_the_script_leaves_what_the_package_will_hold(tmp_path: Path, platform: str) -> None:
    site, pips_program, programs, suffix = LAYOUTS[platform]
    extension = f"kafka/native{suffix}"
    wanted = ["kafka/__init__.py", "kafka/plain.txt", f"{INFO}/INSTALLER", f"{INFO}/METADATA", extension]
    unwanted = [f"{INFO}/direct_url.json", "kafka/native.lib", pips_program]
    compiled = "kafka/__pycache__/__init__.cpython-312.pyc"
    stale = "kafka/__pycache__/gone.cpython-310.pyc"
    lines = [f"{path},{EMPTY}" for path in (*wanted, *unwanted)] + [f"{stale},,", f"{INFO}/RECORD,,"]
    installed(tmp_path, site, lines, [f"{site}/{path}" for path in (*wanted, *unwanted, compiled)])
    environment = {**os.environ, "SP_DIR": str(tmp_path / site), "PREFIX": str(tmp_path)}
    subprocess.run([sys.executable, SCRIPTS[0], "kafka_python", "kafka-tools"], env=environment, check=True)
    with (tmp_path / site / INFO / "RECORD").open(newline="", encoding="utf-8") as stream:
        told = {path: ",".join(rest) for path, *rest in csv.reader(stream)}
    up = "../" * site.count("/") + "../"
    bare = [compiled, f"{INFO}/INSTALLER", f"{INFO}/RECORD", *(up + program for program in programs)]
    bare += [extension] if suffix == ".so" else []
    assert told == {path: EMPTY for path in wanted if path not in bare} | dict.fromkeys(bare, ",")
    assert not [path for path in unwanted if (tmp_path / site / path).exists()]
    assert list(told) == sorted(told)
