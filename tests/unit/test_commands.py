"""The check of an artifact's programs: what does not run, says something else or was left out of the contract fails."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.checks.commands import CHECK, Arguments
from kafka_forge.inspection import commands
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict
from kafka_forge.values.runner import NATIVE, Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

PROMISED = Arguments.model_validate({"each": [{"run": ["kafka-python", "--help"], "prints": "usage: kafka-python"}]})
SEEN: dict[str, Any] = {  # of kafka-python 3.0.12 on linux-64
    "programs": {"kafka-python": "bin/kafka-python"},
    "runs": {
        "kafka-python --help": {
            "file": "bin/kafka-python",
            "status": 0,
            "lines": [
                "usage: kafka-python {admin,consumer,producer} [options]",
                "",
                "Top-level entry point for the kafka-python command-line tools.",
                "",
                "  kafka-python admin     -- administrative client (topics, configs, groups, ...)",
                "  kafka-python consumer  -- console consumer",
                "  kafka-python producer  -- console producer",
                "",
                "Run `kafka-python <subcommand> --help` for subcommand-specific options.",
            ],
        }
    },
}


def environment(prefix: Path, runner: Runner | None = NATIVE, platform: str = "linux-64") -> Environment:
    cell = Cell("kafka-python", platform, None, "kafka-python", "3.0.12", "pyh0_0", noarch=True)
    artifact = Artifact(cell, Path(cell.filename), "0" * 64, 1)
    return Environment(artifact, prefix, prefix / "bin" / "python", (), runner=runner)


def judged(seen: dict[str, Any], runner: Runner | None = NATIVE) -> list[CheckResult]:
    place = environment(Path("/prefix"), runner)
    return CHECK.judge(PROMISED, InspectEvidence(place, (), (), {}, (), {}, 0.0, commands=seen))


def test_a_program_that_runs_passes() -> None:
    (result,) = judged(SEEN)
    assert (result.id, result.verdict) == ("commands[kafka-python]", Verdict.PASS)


def _failed(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda seen: seen["runs"]["kafka-python --help"].update(changed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_failed(status=1, lines=["ModuleNotFoundError: No module named 'kafka'"]), "No module named 'kafka'"),
        (_failed(status=-11, lines=[]), "ended with status -11: nothing"),
        (_failed(status=None, ended_for="its time was up"), "was ended, for its time was up"),
        (_failed(lines=["Unable to create process using 'python.exe'"]), "does not print 'usage: kafka-python'"),
        (lambda seen: seen.update(programs={}, runs={}), "no program kafka-python"),
        (lambda seen: seen["programs"].update(more="bin/more"), "says nothing of bin/more"),
    ],
)
def test_one_that_does_not_or_that_nobody_tries_fails(change: Callable[[dict[str, Any]], None], said: str) -> None:
    seen = copy.deepcopy(SEEN)
    change(seen)
    (failed,) = [result for result in judged(seen) if result.verdict is Verdict.FAIL]
    assert said in failed.summary


def test_what_cannot_be_run_here_is_left_open_and_must_be_there_all_the_same() -> None:
    (there,) = judged({"programs": SEEN["programs"], "runs": {}}, None)
    assert (there.id, there.verdict) == ("commands[kafka-python]", Verdict.INSPECTED)
    (absent,) = judged({"programs": {}, "runs": {}}, None)
    assert absent.verdict is Verdict.FAIL


def test_a_program_is_run_as_its_user_types_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, text in (("good", "echo usage: $1"), ("bad", "exit 3")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    called = [["good", "--help"], ["bad"], ["absent"]]
    seen = commands.run(environment(tmp_path), ["bin/bad", "bin/good", "lib/other"], called)
    assert seen == {
        "programs": {"bad": "bin/bad", "good": "bin/good"},
        "runs": {
            "good --help": {"file": "bin/good", "status": 0, "ended_for": "", "lines": ["usage: --help"]},
            "bad": {"file": "bin/bad", "status": 3, "ended_for": "", "lines": []},
        },
    }


def test_a_script_is_given_to_the_emulated_python(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").write_text("#!/target/bin/python\n", encoding="utf-8")
    emulator = Runner(emulator="qemu-aarch64", prefix=("/bin/echo",))
    seen = commands.run(environment(tmp_path, emulator, "linux-aarch64"), ["bin/tool"], [["tool", "-h"]])
    assert seen["runs"]["tool -h"]["lines"] == [f"{tmp_path}/bin/python {tmp_path}/bin/tool -h"]
