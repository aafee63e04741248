"""What an emulated client shows is looked at once while nothing changes; a machine's own is looked at each time."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from kafka_forge.checks import judging
from kafka_forge.inspection import emulated
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict
from kafka_forge.values.runner import NATIVE, Runner

if TYPE_CHECKING:
    from pathlib import Path

EMULATOR = Runner(emulator="small", prefix=("/usr/bin/env",))
CALLED = [["tool", "--help"]]
FILES = ["bin/tool"]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment of a package with one program, which counts how often it is run."""
    cell = Cell("tool", "linux-aarch64", None, "tool", "1", "h0_0", noarch=True)
    file = tmp_path / "channel" / "noarch" / "tool-1-h0_0.conda"
    (tmp_path / "channel" / ".notes" / "noarch").mkdir(parents=True)
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    package = tmp_path / "pkgs" / "tool-1-h0_0"
    record = {
        "name": "tool",
        "sha256": "0" * 64,
        "files": FILES,
        "depends": [],
        "extracted_package_dir": str(package),
        "link": {"source": str(package), "type": 1},
    }
    (prefix / "conda-meta" / "tool-1-h0_0.json").write_text(json.dumps(record), encoding="utf-8")
    program = prefix / "bin" / "tool"
    program.write_text(f'#!/bin/sh\necho x >> "{tmp_path}/runs"\necho usage\n', encoding="utf-8")
    program.chmod(0o755)
    return Environment(Artifact(cell, file, "0" * 64, 1), prefix, prefix / "bin" / "env", (), runner=EMULATOR)


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text(encoding="utf-8").splitlines())


def test_a_program_is_run_once_until_its_file_changes(environment: Environment, tmp_path: Path) -> None:
    first = emulated.call(environment, FILES, CALLED)
    again = emulated.call(environment, FILES, CALLED)
    assert (first["reused"], again["reused"], runs(tmp_path)) == (False, True, 1)
    assert {**again, "reused": False} == first
    elsewhere = dataclasses.replace(environment, runner=dataclasses.replace(EMULATOR, prefix=("/usr/bin/env", "A=1")))
    assert emulated.call(elsewhere, FILES, CALLED)["reused"] is False
    with (environment.prefix / "bin" / "tool").open("a", encoding="utf-8") as stream:
        stream.write("exit 1\n")
    assert [emulated.call(environment, FILES, CALLED)["reused"] for _ in range(2)] == [False, False]
    assert runs(tmp_path) == 4


def test_a_machines_own_program_is_run_each_time(environment: Environment, tmp_path: Path) -> None:
    own = dataclasses.replace(environment, runner=NATIVE)
    assert ["reused" in emulated.call(own, FILES, CALLED) for _ in range(2)] == [False, False]
    assert runs(tmp_path) == 2


def test_where_nothing_can_be_run_there_is_nothing_to_see(environment: Environment) -> None:
    nothing = dataclasses.replace(environment, runner=None)
    assert emulated.ask(nothing, ["tool"]) == emulated.ask_beside(nothing, ["tool"]) == {}
    assert emulated.call(nothing, FILES, CALLED) == {"programs": {"tool": "bin/tool"}, "runs": {}}


def test_a_verdict_says_since_when_and_a_failure_does_not(environment: Environment) -> None:
    promises = Contract(promises={"imports": {"modules": ["tool", "other"]}})
    good = {"ok": True, "file": "lib/tool.py", "version": "1", "error": None}
    bad = {"ok": False, "file": None, "version": None, "error": "ImportError: x"}
    probe = {"imports": {"tool": good, "other": bad}, "ran": "2026-11-30T10:00:00+00:00", "reused": True}
    seen = InspectEvidence(environment, (), (), {}, (), probe, 0.0)
    passed, failed = judging.judge(promises, seen, stage="inspect")
    assert passed.summary == "tool 1; seen on 2026-11-30T10:00:00+00:00, and nothing has changed since"
    assert passed.evidence["reused"] is True
    assert (failed.verdict, "seen on" in failed.summary) == (Verdict.FAIL, False)
    fresh = dataclasses.replace(seen, probe={**probe, "reused": False})
    assert judging.judge(promises, fresh, stage="inspect")[0].summary == "tool 1"
