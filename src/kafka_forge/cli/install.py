"""``kafka-forge install``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, json_option, output_option, selection_options

if TYPE_CHECKING:
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@click.option(
    "--prefix",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to install into; it must not exist or be empty. Several artifacts get a folder each below it.",
)
@base_option
@output_option
@json_option
def command(selection: Selection, prefix: Path, base: str, output: Path | None, as_json: bool) -> None:
    """Install an artifact and its dependencies into a fresh prefix, and leave it there."""
    from kafka_forge.cli._artifacts import built
    from kafka_forge.contracts.loading import load_contract
    from kafka_forge.environments import environment
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    made = []
    with terminal.progress_for().shown() as progress, using(cache):
        ready = built(selection, base, root, target, cache, progress)
        for artifact in ready.artifacts:
            folder = prefix if len(ready.artifacts) == 1 else prefix / artifact.cell.id.replace("/", "-")
            cell = artifact.cell
            contract = load_contract(root / "recipes" / cell.recipe / "contract.yaml", cell.platform, cell.python)
            made.append(
                environment.install(
                    artifact,
                    contract,
                    channels=[target.as_uri(), ready.base.channel],
                    cache=cache,
                    prefix=folder.resolve(),
                    progress=progress,
                )
            )
    if as_json:
        rows = [{"cell": each.artifact.cell.id, "prefix": str(each.prefix), "packages": each.packages} for each in made]
        echo_json([{**row, "packages": [vars_of(each) for each in row["packages"]]} for row in rows])
        return
    for each in made:
        click.echo(f"{each.artifact.cell.id:<44} {each.prefix}  ({len(each.packages)} packages)")


def vars_of(package: object) -> dict[str, object]:
    """Return a frozen value as a JSON object."""
    from dataclasses import asdict

    return asdict(package)  # type: ignore[call-overload,no-any-return]
