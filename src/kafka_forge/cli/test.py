"""``kafka-forge test``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import click

PARTS = ("lint", "workflows", "types", "unit", "integration")
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
"""Go checks it against its checksum database when it fetches it, and keeps what it has built."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part; may be repeated.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENT]...")
def command(only: tuple[str, ...], pytest_arguments: tuple[str, ...]) -> None:
    """Run ruff, the workflows' linters, mypy, the unit tests (no network) and the integration tests (a real broker)."""
    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.ground.paths import project_root

    root = project_root()
    python = [sys.executable, "-m"]
    steps = {
        "lint": [[*python, "ruff", "check", "."], [*python, "ruff", "format", "--check", "."]],
        "workflows": [[_script("zizmor"), "--offline", "--no-progress", ".github"], *_actionlint()],
        "types": [[*python, "mypy"]],
        "unit": [[*python, "pytest", "tests/unit", "--disable-socket", "--allow-unix-socket", *pytest_arguments]],
        "integration": [[*python, "pytest", "tests/integration", *pytest_arguments]],
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
