"""``kafka-forge test``."""

from __future__ import annotations

import subprocess
import sys
import time

import click

PARTS = ("lint", "types", "unit", "integration")


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part; may be repeated.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENT]...")
def command(only: tuple[str, ...], pytest_arguments: tuple[str, ...]) -> None:
    """Run ruff, mypy, the unit tests (no network) and the integration tests (real engine, real broker)."""
    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.paths import project_root

    root = project_root()
    python = [sys.executable, "-m"]
    steps = {
        "lint": [[*python, "ruff", "check", "."], [*python, "ruff", "format", "--check", "."]],
        "types": [[*python, "mypy"]],
        "unit": [[*python, "pytest", "tests/unit", "--disable-socket", "--allow-unix-socket", *pytest_arguments]],
        "integration": [[*python, "pytest", "tests/integration", *pytest_arguments]],
    }
    failed = []
    for part in only or PARTS:
        for step in steps[part]:
            click.secho(f"== {part}: {' '.join(step[2:])}", bold=True, err=True)
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
