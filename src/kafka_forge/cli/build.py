"""``kafka-forge build``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, jobs_option, json_option, output_option, selection_options

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@base_option
@jobs_option
@output_option
@json_option
def command(selection: Selection, base: str, jobs: int, output: Path | None, as_json: bool) -> None:
    """Build recipes into the output channel; what is unchanged is reused."""
    from kafka_forge.building import build
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    with terminal.progress_for().shown() as progress, using(cache):
        built = build.build(selection, root=root, base=base, output=target, cache=cache, jobs=jobs, progress=progress)
    if as_json:
        echo_json([build.as_json(artifact, target) for artifact in built.artifacts])
        return
    for artifact in built.artifacts:
        state = "unchanged" if artifact.reused else f"built in {artifact.seconds:.1f} s"
        click.echo(f"{artifact.cell.id:<44} {artifact.cell.subdir}/{artifact.path.name}  {state}")
    for cell, why in built.missing:
        click.echo(f"{cell.id:<44} {why.verdict}: {why.summary}")
