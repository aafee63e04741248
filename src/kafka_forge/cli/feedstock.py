"""``kafka-forge feedstock``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli.options import echo_json, json_option


@click.command()
@click.argument("recipe")
@click.argument("feedstock", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit status 3 if the feedstock differs.")
@click.option(
    "--pinning",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="conda-forge's global conda_build_config.yaml: writes the pins in which the recipe differs from it.",
)
@click.option("--diff", "whole", is_flag=True, help="Show new files in full, too, as `git apply` takes them.")
@json_option
def command(recipe: str, feedstock: Path, check: bool, pinning: Path | None, whole: bool, as_json: bool) -> None:
    """Write a conda-forge feedstock's recipe/ and conda-forge.yml out of RECIPE, and show the difference.

    Of a file that is new there is a line; of one that differs, the difference. Settings of the feedstock that we say
    nothing about stay. Rerender the feedstock afterwards.
    """
    from kafka_forge.errors import Differs
    from kafka_forge.feedstocks import feedstock as feedstocks
    from kafka_forge.ground.paths import project_root

    found = feedstocks.changes(recipe, feedstock, project_root(), pinning)
    if as_json:
        echo_json([{"file": change.file, "diff": change.diff()} for change in found])
    else:
        for change in found:
            click.echo("\n".join(change.diff()) if whole or change.before is not None else change.summary)
    if check and found:
        raise Differs(
            f"{len(found)} files of the feedstock differ from our recipe",
            where=str(feedstock),
            todo=f"`kafka-forge feedstock {recipe} {feedstock}` writes them.",
        )
    if not check:
        feedstocks.write(feedstock, found)
    if not as_json:
        click.echo(f"{len(found)} files {'written' if found else 'differ: the feedstock is as our recipe'}", err=True)
