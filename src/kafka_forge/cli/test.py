"""``kafka-forge test``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import available_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("lint", "workflows", "types", "unit", "integration")
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
"""Go checks it against its checksum database when it fetches it, and keeps what it has built."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part; may be repeated.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="How many test files run side by side; 1 is one after the other in one process, as --pdb needs it. By "
    "default, one for each processor, and of the integration tests half as many again.",
)
@click.option("--long", is_flag=True, help="Also the tests that take minutes: what they prove, CI asks every night.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENT]...")
def command(only: tuple[str, ...], jobs: int | None, pytest_arguments: tuple[str, ...], *, long: bool) -> None:
    """Run ruff, the workflows' linters, mypy, the unit tests (no network) and the integration tests (a real broker).

    The tests of a file stay together, in order: they share what its fixtures have made. A path below tests/ is run in
    place of all.
    """
    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.ground.paths import project_root

    root = project_root()
    python = [sys.executable, "-m"]
    pytest, more = [*python, "pytest"], ["--long"] if long else []
    unit, integration = ([*pytest, *side_by_side(part, jobs), *more] for part in ("unit", "integration"))
    steps = {
        "lint": [[*python, "ruff", "check", "."], [*python, "ruff", "format", "--check", "."]],
        "workflows": [[_script("zizmor"), "--offline", "--no-progress", ".github"], *_actionlint()],
        "types": [[*python, "mypy"]],
        "unit": [
            [*unit, "--disable-socket", "--allow-unix-socket", *asked] for asked in tests_of("unit", pytest_arguments)
        ],
        "integration": [[*integration, *asked] for asked in tests_of("integration", pytest_arguments)],
    }
    failed = []
    for part in only or PARTS:
        for step in steps[part]:
            click.secho(f"== {part}: {' '.join(step).removeprefix(f'{sys.executable} -m ')}", bold=True, err=True)
            begun = time.monotonic()
            status = subprocess.run(step, cwd=root, check=False).returncode
            click.echo(f"== {part}: status {status} after {time.monotonic() - begun:.1f} s", err=True)
            if status:
                failed.append(part)
    if failed:
        raise VerdictsNotGreen(
            f"failed: {', '.join(dict.fromkeys(failed))}",
            todo="see above; `kafka-forge test --only PART` runs one part, and takes pytest's arguments.",
        )


def side_by_side(part: str, jobs: int | None) -> list[str]:
    """Return pytest's arguments for running files of a part, ``unit`` or ``integration``, side by side.

    Args:
        part: which of them.
        jobs: how many files; None for one for each processor, and of integration tests half as many again, for they
            wait more than they compute: for brokers that start, are away, or elect another leader.
    """
    if jobs is None:
        cores = available_cores()
        jobs = cores + max(1, cores // 2) if part == "integration" else cores
    return ["-n", str(jobs), "--dist", "loadfile", "--no-loadscope-reorder"] if jobs > 1 else []


def tests_of(part: str, arguments: Sequence[str]) -> list[list[str]]:
    """Return pytest's arguments for a part, ``unit`` or ``integration``, or nothing if only tests of others are named.

    pytest would run a file that is named beside its folder with all that the folder has.
    """
    named = [each for each in arguments if each.startswith("tests/")]
    if not named:
        return [[f"tests/{part}", *arguments]]
    others = [each for each in named if Path(each.split("::")[0]).parts[1:2] != (part,)]
    return [] if others == named else [[each for each in arguments if each not in others]]


def _script(name: str) -> str:
    """Return a program that was installed beside this Python, which need not be on PATH."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def _actionlint() -> list[list[str]]:
    """Return the call of actionlint, which is a Go program; without Go there is none, and that is said."""
    go = shutil.which("go")
    if go is None:
        click.secho("== workflows: actionlint was not run: it needs Go, which is not on PATH", fg="yellow", err=True)
        return []
    return [[go, "run", ACTIONLINT]]
