"""``kafka-forge bump``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import (
    base_option,
    brokers_option,
    echo_json,
    jobs_option,
    json_option,
    output_option,
    selection_options,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@click.option("--to", default=None, metavar="VERSION", help="The version that the RECIPEs go to, up or down.")
@click.option("--dry-run", is_flag=True, help="Change nothing: say where each would go, and what is in the way.")
@click.option("--fresh", is_flag=True, help="With --dry-run: believe no answer of the last hour, ask again.")
@base_option
@brokers_option
@jobs_option
@output_option
@json_option
def command(
    selection: Selection,
    to: str | None,
    base: str,
    brokers: tuple[str, ...],
    jobs: int,
    output: Path | None,
    *,
    dry_run: bool,
    fresh: bool,
    as_json: bool,
) -> None:
    """Bring recipes to upstream's newest versions, in step, and prove them: all of it is changed, or nothing.

    Without a RECIPE, all of them go as far as their sources can be had. Version, sha256, build number, hints, patches
    (without fuzz) and the bounds of contracts are changed in a draft, which is built and verified; then the checkout
    gets all of it. A patch that conflicts leaves its repository to solve it in; `bump` again goes on.
    """
    from kafka_forge.bumping import bump, looking, telling
    from kafka_forge.bumping.answers import SECONDS, Answers
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    if to and not selection.recipes:
        raise click.UsageError("--to takes the RECIPEs that go there")
    root, cache = project_root(), Cache.default()
    with terminal.progress_for().shown() as progress:
        answers = Answers(cache.work / "answers", SECONDS if dry_run and not fresh else 0.0)
        if dry_run:
            done = bump.Bumped(looking.look(selection.recipes, to, root, answers, cache, progress))
        else:
            target = (output or root / "output").resolve()
            proof = bump.Proof(selection.platforms, selection.pythons, base, brokers, jobs, target)
            done = bump.bump(selection.recipes, to, root, answers, proof, cache, progress)
    if as_json:
        echo_json(telling.as_json(done, dry_run=dry_run))
        return
    for line in telling.lines(done, dry_run=dry_run):
        click.echo(line)
