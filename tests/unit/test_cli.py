"""The doors: help without heavy imports, descriptions that hold, errors as a user meets them."""

from __future__ import annotations

import errno
import importlib
import subprocess
import sys

import pytest

from kafka_forge.cli import COMMANDS, _explain, _run
from kafka_forge.errors import ForgeError


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says(name: str) -> None:
    command = importlib.import_module(f"kafka_forge.cli.{name}").command
    assert command.help or command.short_help
    assert command.name in (name, "command")


def test_help_imports_no_engine_and_no_broker() -> None:
    program = (
        "import sys\nfrom kafka_forge.cli import _run\nassert _run(['--help'], debug=True) == 0\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'rattler', 'rattler_build', 'lief', 'pydantic', 'rich',"
        " 'confluent_kafka', 'jgo', 'requests'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)


def test_an_unknown_platform_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["plan", "--platform", "plan9-64", "--base", "embedded"], debug=False) == 10
    shown = capsys.readouterr().err
    assert "KF102" in shown
    assert "plan9-64" in shown
    assert "linux-64" in shown
    assert "Traceback" not in shown


def test_an_unknown_recipe_names_the_ones_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["plan", "librdkafak", "--base", "embedded"], debug=False) == 10
    shown = capsys.readouterr().err
    assert "KF101" in shown
    assert "librdkafka" in shown


def test_an_unknown_python_names_the_ones_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["plan", "--python", "2.7", "--base", "embedded"], debug=False) == 10
    shown = capsys.readouterr().err
    assert "KF103" in shown
    assert "3.14" in shown


def test_a_full_disk_is_said_wherever_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert _explain(OSError(errno.ENOSPC, "No space left on device")) == 90
    assert "KF901" in capsys.readouterr().err


def test_any_other_exception_is_owned_up_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert _explain(FileNotFoundError(errno.ENOENT, "no such file")) == 99
    assert "--debug" in capsys.readouterr().err


def test_with_debug_the_exception_itself_comes_through() -> None:
    with pytest.raises(ForgeError):
        _run(["plan", "librdkafak", "--base", "embedded"], debug=True)


def test_every_error_has_a_code_of_its_own() -> None:
    def family(kind: type[ForgeError]) -> list[type[ForgeError]]:
        return [kind, *(each for child in kind.__subclasses__() for each in family(child))]

    codes = [kind.code for kind in family(ForgeError)]
    assert len(codes) == len(set(codes))
