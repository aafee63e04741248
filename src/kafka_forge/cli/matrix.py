"""``kafka-forge matrix``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import echo_json, json_option, selection_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.planning.matrix import Job
    from kafka_forge.planning.plan import Planned
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@click.option(
    "--base",
    default="conda-forge",
    metavar="conda-forge|embedded|URL",
    help="Whose pins and Pythons to plan with; nothing is asked of it.  [default: conda-forge]",
)
@click.option("--github", is_flag=True, help="Print the strategy.matrix of a GitHub workflow, on one line.")
@click.option("--changed-since", metavar="REVISION", help="Only what differs from where the checkout left REVISION.")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FEEDSTOCK_DIR",
    help="Compare with a conda-forge feedstock's .ci_support and recipe; exit status 3 if they differ.",
)
@json_option
def command(
    selection: Selection, base: str, github: bool, changed_since: str | None, against: Path | None, as_json: bool
) -> None:
    """Show what would be built, on all platforms, and the CI jobs that would build it."""
    from kafka_forge import bases
    from kafka_forge.ground.paths import project_root
    from kafka_forge.planning import conda_forge, matrix, plan
    from kafka_forge.values.selection import Selection

    root = project_root()
    chosen = Selection(selection.recipes, selection.platforms or ("all",), selection.pythons)
    variants, lacking = bases.variants(base, root), bases.lacking(base, root)
    if against is not None:
        _against(against, chosen, root, as_json)
        return
    plans = list(plan.plan(chosen, root=root, variants=variants, lacking=lacking))
    if changed_since is not None:
        everything = plan.plan(Selection(platforms=("linux-64",)), root=root, variants=variants)
        touched = matrix.touched(matrix.changed_files(root, changed_since), everything)
        plans = [planned for planned in plans if planned.cell.recipe in touched]
    jobs, reading = matrix.jobs(plans, chosen), conda_forge.load(root)
    migrating = matrix.migrating(plans, reading)
    if github:
        import json

        click.echo(json.dumps(matrix.github(jobs)))
    elif as_json:
        cells = [
            {
                **asdict(planned.cell),
                "id": planned.cell.id,
                "refused": planned.refused,
                "migration": migrating.get(planned.cell.python or ""),
            }
            for planned in plans
        ]
        echo_json({"jobs": [asdict(job) for job in jobs], "cells": cells})
    else:
        _show(plans, jobs, migrating)
        for python, name in migrating.items():
            click.echo(
                f"{python}: conda-forge brings it to feedstocks by the migration {name}, and has it in no global "
                f"pinning (read on {reading.read})"
            )


def _against(feedstock: Path, selection: Selection, root: Path, as_json: bool) -> None:
    from kafka_forge.errors import Differs
    from kafka_forge.feedstocks import feedstock_matrix

    compared = feedstock_matrix.compare(feedstock, selection, root)
    if as_json:
        echo_json(compared.as_json())
    else:
        for line in compared.lines():
            click.echo(line)
    if compared.differences:
        raise Differs(
            f"{compared.recipe}: {len(compared.differences)} differences from the feedstock's matrix",
            where=str(feedstock),
            todo="rerender the feedstock, or change recipes/variants.yaml or the recipe here, whichever is behind.",
        )


def _show(plans: list[Planned], jobs: tuple[Job, ...], migrating: Mapping[str, str]) -> None:
    from kafka_forge.report import terminal
    from kafka_forge.report.grid import planned_grid

    console = terminal.wide_console()
    if not jobs:
        console.print("nothing to build: the change touches no recipe")
        return
    labels = {python: f"{python}, migrating" for python in migrating}
    console.print(terminal.grid_table(planned_grid(plans, labels), title=f"{len(plans)} cells"))
    console.print(terminal.jobs_table(jobs))
