"""``kafka-forge install``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, json_option, output_option, selection_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.model import Artifact
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@click.option(
    "--prefix",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to install into; it must not exist or be empty. Several artifacts get a folder each below it.",
)
@click.option("--together", is_flag=True, help="One environment with all of them, for one platform and one Python.")
@base_option
@output_option
@json_option
def command(selection: Selection, prefix: Path, together: bool, base: str, output: Path | None, as_json: bool) -> None:
    """Install an artifact and its dependencies into a fresh prefix, and leave it there."""
    from kafka_forge.cli._artifacts import built
    from kafka_forge.contracts.loading import contracts_of
    from kafka_forge.environments import environment
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    made = []
    with terminal.progress_for().shown() as progress, using(cache):
        ready = built(selection, base, root, target, cache, progress)
        contracts = contracts_of((each.cell for each in ready.artifacts), root)
        groups = [list(ready.artifacts)] if together else [[each] for each in ready.artifacts]
        for group in groups:
            (first, contract), *beside = [(each, contracts[each.cell.id]) for each in _one_environment(group)]
            folder = prefix if len(groups) == 1 else prefix / first.cell.id.replace("/", "-")
            done = environment.install(
                first,
                contract,
                channels=[target.as_uri(), ready.base.channel],
                cache=cache,
                prefix=folder.resolve(),
                progress=progress,
                beside=beside,
            )
            made.append(([each.cell.id for each in group], done))
    if as_json:
        echo_json(
            [
                {
                    "cell": cells[0],
                    "cells": cells,
                    "prefix": str(done.prefix),
                    "packages": [vars_of(each) for each in done.packages],
                }
                for cells, done in made
            ]
        )
        return
    for cells, done in made:
        click.echo(f"{', '.join(cells):<44} {done.prefix}  ({len(done.packages)} packages)")


def _one_environment(group: Sequence[Artifact]) -> list[Artifact]:
    """Return the artifacts of one environment, one of a Python of its own first.

    Raises:
        NothingSelected: there can be no such environment.
    """
    from kafka_forge.errors import NothingSelected

    several = {each.cell.platform for each in group}, {each.cell.python for each in group} - {None}
    if any(len(each) > 1 for each in several):
        raise NothingSelected(
            f"one environment is for one platform and one Python, not for {', '.join(each.cell.id for each in group)}",
            todo="name them, as in --python 3.14 --platform linux-64; or leave --together out.",
        )
    return sorted(group, key=lambda each: each.cell.python is None)


def vars_of(package: object) -> dict[str, object]:
    """Return a frozen value as a JSON object."""
    from dataclasses import asdict

    return asdict(package)  # type: ignore[call-overload,no-any-return]
