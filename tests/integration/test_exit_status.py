"""The exit status of a command is its own, though py-rattler's threads are ended with it; and no output is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kafka_forge.ground.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

COMMANDS, USUAL = 200, 50  # the first number of them with --long
LARGE = 1 << 17
"""Bytes that fit into no pipe."""

# The program as it is started, with one more command: it solves, says what it found, and leaves something to atexit.
PROGRAM = """
import atexit, sys, tempfile, types
import click
from kafka_forge import cli

@click.command()
@click.argument("channel")
@click.argument("spec")
@click.argument("size", type=int)
def command(channel, spec, size):
    from kafka_forge.channels import solving
    room = tempfile.TemporaryDirectory(prefix="left-", dir=sys.argv[1].removeprefix("file://"))
    globals()["kept"] = room  # removed by atexit, not by the end of this function
    found = solving.solve([spec], [channel], "linux-64", what="a test")
    click.echo(" ".join(record.file_name for record in found).ljust(size))

cli.COMMANDS["solve"] = "Solve."
sys.modules["kafka_forge.cli.solve"] = types.SimpleNamespace(command=command)
cli.main(["solve", *sys.argv[1:]])
"""


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """A channel of two packages, one of which needs the other."""
    record = {"version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "noarch": "generic", "size": 1}
    packages = {
        f"{name}-1-0.conda": {**record, "name": name, "depends": depends, "sha256": "0" * 64}
        for name, depends in (("one", ["two"]), ("two", []))
    }
    for subdir, found in (("noarch", packages), ("linux-64", {})):
        (tmp_path / "channel" / subdir).mkdir(parents=True)
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": found, "repodata_version": 1}
        (tmp_path / "channel" / subdir / "repodata.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path / "channel"


def start(
    channel: Path, spec: str, size: int = 0, *, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    environment = {**os.environ, "KAFKA_FORGE_CACHE": str(channel.parent / "cache")}
    command = [sys.executable, "-c", PROGRAM, channel.as_uri(), spec, str(size)]
    return subprocess.Popen(command, cwd=project_root(), env=environment, text=True, stdout=stdout, stderr=stderr)


def solve(channel: Path, number: int) -> tuple[int, str]:
    """The status of one command, and what it said; every other asks for what there is not."""
    child = start(channel, "one" if number % 2 else "three")
    output, errors = child.communicate(timeout=300)
    return child.returncode, output.strip() or errors


def test_many_commands_that_solve_end_with_their_own_status(channel: Path, pytestconfig: pytest.Config) -> None:
    count = COMMANDS if pytestconfig.getoption("--long") else USUAL
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda number: solve(channel, number), range(count)))
    wrong = [
        (status, said)
        for number, (status, said) in enumerate(ended)
        if (status, "two-1-0.conda" in said or "KF301" in said) != (0 if number % 2 else 30, True)
    ]
    assert wrong == []
    assert [path.name for path in channel.iterdir() if path.name.startswith("left-")] == []


def test_a_closed_pipe_is_no_success_and_no_other_failure(channel: Path) -> None:
    """As with `| head`: the reader goes while the command still has something to say."""
    child = start(channel, "one", LARGE)
    assert child.stdout
    assert child.stderr
    child.stdout.close()
    errors = child.stderr.read()
    assert (child.wait(300), errors) == (141, "")


@pytest.mark.parametrize(("spec", "status"), [("one", 0), ("three", 30)])
def test_who_closes_the_pipe_after_all_was_done_changes_no_status(channel: Path, spec: str, status: int) -> None:
    child = start(channel, spec, stderr=subprocess.STDOUT)
    assert child.stdout
    child.stdout.close()  # what is said fits into the buffer, so only the end can notice
    assert child.wait(300) in {status, status or 141}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize(("spec", "status"), [("one", 90), ("three", 30)])
def test_output_that_cannot_be_written_is_no_success(channel: Path, spec: str, status: int) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        child = start(channel, spec, stdout=full)
        _, errors = child.communicate(timeout=300)
    finally:
        os.close(full)
    assert child.returncode == status
    assert ("no room is left" in errors or "No space left" in errors) == (status == 90)
