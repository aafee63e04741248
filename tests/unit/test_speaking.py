"""Modes that speak side by side, each as a program of its own and as forks of one: what they told, how they ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kafka_forge.roundtrips import speaking
from kafka_forge.scenarios import forking
from kafka_forge.scenarios.catalogue import Scenario
from kafka_forge.values.model import Artifact, Cell, Environment
from kafka_forge.values.runner import NATIVE, Runner

SCENARIO = """\
import os, sys, time
import json
import scenario
mark = os.getpid()
if __name__ == "__main__":
    raw = json.load(open(sys.argv[1]))
    teller = scenario.Teller(raw["mode"], together=False)
    teller.attempt("produce", "none", lambda: {"text": "x" * raw["size"], "own": mark == os.getpid()}, 10)
    print("a word of the client's")
    sys.stdout.flush()
    how = raw["end"]
    if how == "crash":
        os.abort()
    if how == "hang":
        time.sleep(600)
    room = os.path.dirname(sys.argv[1])
    if how == "flood":  # once nobody else is left
        while not os.path.exists(os.path.join(room, "first")):
            time.sleep(0.01)
        while os.path.exists("/proc/" + open(os.path.join(room, "first")).read()):
            time.sleep(0.01)
        while True:
            teller._out.write("." * 65535 + chr(10))
    if how == "first":
        with open(os.path.join(room, "written"), "w") as file:
            file.write(str(os.getpid()))
        os.rename(file.name, os.path.join(room, "first"))
    if how == "raise":
        raise ValueError("of no use")
    if how != "exit":
        sys.stderr.flush()
        os._exit(0)
    sys.exit(3)
"""
CELL = Cell("pykafka", "linux-aarch64", "3.12", "pykafka", "2.8.0", "0", False)
WAYS = {"by itself": NATIVE, "forks": Runner(emulator="an emulator")}


@pytest.fixture
def written(tmp_path: Path) -> Scenario:
    script = tmp_path / "use_something.py"
    folder = Path(forking.__file__).parent
    script.write_text(f"import sys\nsys.path.append({str(folder)!r})\n{SCENARIO}", encoding="utf-8")
    return Scenario(script, ("one", "other", "third"))


def speak(runner: Runner, scenario: Scenario, **ends: str) -> dict[str, speaking.Spoken]:
    made = Environment(Artifact(CELL, Path("none"), "0" * 64, 0), Path(sys.prefix), Path(sys.executable), ())
    requests = {mode: {"mode": mode, "end": end, "size": 300_000} for mode, end in ends.items()}
    return speaking.speak(made, runner, scenario, requests, lambda: None)


@pytest.mark.parametrize("way", WAYS)
def test_each_mode_tells_what_it_tried_in_a_process_of_its_own(way: str, written: Scenario) -> None:
    told = speak(WAYS[way], written, one="well", other="well", third="well")
    assert list(told) == ["one", "other", "third"]
    for mode, spoken in told.items():
        (step,) = spoken.steps
        assert (step.mode, step.ok, step.data["own"], spoken.end) == (mode, True, True, "")
        assert step.data["text"] == "x" * 300_000


@pytest.mark.parametrize("way", WAYS)
def test_how_a_mode_ends_is_told_of_it_alone(way: str, written: Scenario) -> None:
    told = speak(WAYS[way], written, one="crash", other="raise", third="exit")
    assert {mode: len(spoken.steps) for mode, spoken in told.items()} == {"one": 1, "other": 1, "third": 1}
    assert told["one"].end == "was killed by signal 6; its last words: a word of the client's"
    assert told["other"].end.startswith("ended with status 1; its last words: ")
    assert told["other"].end.endswith("ValueError: of no use")
    assert told["third"].end.startswith("ended with status 3; its last words: ")


@pytest.mark.skipif(sys.platform != "linux", reason="the scenario reads /proc")
@pytest.mark.parametrize("way", WAYS)
def test_who_has_to_be_ended_leaves_the_others_theirs(way: str, written: Scenario) -> None:
    told = speak(WAYS[way], written, one="first", other="flood")
    assert told["one"].end == ""
    assert told["other"].end == "was ended, for it wrote more than 16 MiB; its last words: a word of the client's"
    assert {mode: len(spoken.steps) for mode, spoken in told.items()} == {"one": 1, "other": 1}


@pytest.mark.parametrize("way", WAYS)
def test_who_hangs_is_ended(way: str, written: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "_SECONDS", 1.0)
    told = speak(WAYS[way], written, one="hang", other="hang")
    assert {spoken.end.partition(";")[0] for spoken in told.values()} == {"was ended, for its time was up"}


@pytest.mark.parametrize("way", WAYS)
def test_a_scenario_that_cannot_be_imported_says_why_in_each_mode(way: str, written: Scenario) -> None:
    written.script.write_text("import a_client_that_is_not_there\n", encoding="utf-8")
    told = speak(WAYS[way], written, one="well", other="well")
    for spoken in told.values():
        assert spoken.steps == ()
        assert spoken.end.startswith("ended with status 1; ")
        assert "No module named 'a_client_that_is_not_there'" in spoken.end


@pytest.mark.parametrize("way", WAYS)
def test_what_fails_at_the_first_import_and_not_at_the_second_has_failed(way: str, written: Scenario) -> None:
    text = written.script.read_text(encoding="utf-8")
    first = "import sys, json\nif not hasattr(json, 'tried'):\n    json.tried = 1\n    raise ImportError('at first')\n"
    written.script.write_text(first + text, encoding="utf-8")
    for spoken in speak(WAYS[way], written, one="well", other="well").values():
        assert spoken.steps == ()
        assert spoken.end.endswith("ImportError: at first")


@pytest.mark.parametrize("way", WAYS)
def test_a_crash_at_import_leaves_its_last_words(way: str, written: Scenario) -> None:
    written.script.write_text("import os\nos.write(2, b'dying words')\nos.abort()\n", encoding="utf-8")
    for spoken in speak(WAYS[way], written, one="well", other="well").values():
        assert spoken.end == "was killed by signal 6; its last words: dying words"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no PR_SET_PDEATHSIG")
def test_no_fork_outlives_the_program(written: Scenario, tmp_path: Path) -> None:
    request = tmp_path / "request"
    request.write_text('{"mode": "one", "end": "hang", "size": 1}', encoding="utf-8")
    command = [sys.executable, forking.__file__, str(written.script), str(request), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert b'"produce"' in program.stdout.readline()
        (fork,) = psutil.Process(program.pid).children()
        program.kill()
    deadline = time.monotonic() + 60
    while fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
