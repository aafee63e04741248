"""``kafka-forge soak``: what clients survive, by as many schedules of faults as there is time for."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, json_option, output_option

if TYPE_CHECKING:
    from kafka_forge.survival.soak import Outcome


@click.command()
@click.option("--recipe", "recipes", multiple=True, metavar="NAME", help="Only this recipe; may be repeated.")
@click.option("--python", default="3.12", show_default=True, metavar="X.Y", help="The Python of every client.")
@click.option("--version", default=None, metavar="VERSION", help="The Kafka version.  [default: 4.4.0]")
@click.option(
    "--schedules",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="How many: one client in one mode under one drawn schedule is one.",
)
@click.option("--rounds", type=click.IntRange(1, 1_000_000), help="How many for each client, in place of --schedules.")
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=1800.0, show_default=True, help="At most so long.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the first round; the next one has the next.")
@click.option("--fault", "kinds", multiple=True, metavar="NAME", help="Draw from this fault only; may be repeated.")
@click.option("--json-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result as JSON.")
@base_option
@output_option
@json_option
def command(
    recipes: tuple[str, ...],
    python: str,
    version: str | None,
    schedules: int,
    rounds: int | None,
    seconds: float,
    seed: int,
    kinds: tuple[str, ...],
    json_file: Path | None,
    base: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Put the clients, as built, through schedules of faults on a cluster of three brokers.

    Each round draws faults from its seed and does them to the cluster while every client produces and consumes. The
    same seed gives the same schedule, so a failure can be repeated; the command for that is printed with it.
    """
    from kafka_forge import brokers
    from kafka_forge.cli._artifacts import built
    from kafka_forge.contracts.loading import contracts_of
    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal
    from kafka_forge.survival import soak, stage
    from kafka_forge.values.selection import Selection

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    kafka, outcomes, begun = version or brokers.DEFAULT, [], time.monotonic()
    with terminal.progress_for().shown() as progress, using(cache), contextlib.ExitStack() as rooms:
        ready = built(Selection(recipes=recipes, pythons=(python,)), base, root, target, cache, progress)
        contracts = contracts_of((each.cell for each in ready.artifacts), root)
        channels = [target.as_uri(), ready.base.channel]
        made = rooms.enter_context(stage.installed(ready.artifacts, contracts, channels, cache, progress))
        clients = sum(len(stage.promised(contract).modes) for _, contract in made)
        bounds = soak.Bounds(rounds * clients if rounds else schedules, seconds, seed, kinds)
        interrupted = None
        try:
            for outcome in soak.soak(kafka, made, bounds, cache, progress):
                outcomes.append(outcome)
                if outcome.problems:
                    progress.say(_failure(outcome))
        except KeyboardInterrupt as interrupt:  # an hour of schedules tells something all the same
            interrupted = interrupt
    result = soak.summary(outcomes, bounds, kafka, time.monotonic() - begun)
    if json_file:
        json_file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        echo_json(result)
    else:
        for client, counts in result["clients"].items():
            click.echo(f"{client:<34} {counts['schedules']:>5} schedules, {counts['failed']:>4} failed")
    if interrupted:
        raise interrupted
    if result["failed"]:
        raise VerdictsNotGreen(
            f"{result['failed']} of {result['schedules']} schedules were not survived",
            details=[f"{each['repeat']}  ({each['client']})" for each in result["failures"][:10]],
            todo="run one of these to repeat it; --json-file keeps the evidence.",
        )


def _failure(outcome: Outcome) -> str:
    return f"{outcome.client}, {outcome.schedule}: {'; '.join(outcome.problems)[:600]}\n  repeat: {outcome.repeat}"
