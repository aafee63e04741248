"""``kafka-forge plan``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, json_option, selection_options

if TYPE_CHECKING:
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@base_option
@json_option
def command(selection: Selection, base: str, as_json: bool) -> None:
    """Show the cells (recipe × platform × Python) in the order of their building; nothing is built."""
    from kafka_forge import bases
    from kafka_forge.ground.paths import project_root
    from kafka_forge.planning import plan

    root = project_root()
    variants, lacking = bases.variants(base, root), bases.lacking(base, root)
    plans = plan.plan(selection, root=root, variants=variants, lacking=lacking)
    if as_json:
        rows = [(each, {"id": each.cell.id, "built_on": each.built_on, "refused": each.refused}) for each in plans]
        echo_json([{**asdict(each.cell), **row} for each, row in rows])
        return
    for each in plans:
        click.echo(f"{each.cell.id:<44} {each.refused or f'{each.cell.subdir}/{each.cell.filename}'}")
    click.echo(f"{len(plans)} cells")
