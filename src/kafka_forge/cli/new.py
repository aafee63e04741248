"""``kafka-forge new``."""

from __future__ import annotations

import click

from kafka_forge.cli.options import echo_json, json_option


@click.command()
@click.argument("spec", metavar="pypi:NAME[==VERSION]")
@click.option("--maintainer", "maintainers", multiple=True, metavar="USER", help="On GitHub; may be repeated.")
@json_option
def command(spec: str, maintainers: tuple[str, ...], as_json: bool) -> None:
    """Write recipe, contract and hints of a project of the Python index out of its sdist, ready to verify.

    What it cannot know is said: names that are to be looked up on conda-forge, and what conda-forge's rules find.
    """
    from dataclasses import asdict

    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal
    from kafka_forge.sketching import sketch

    cache = Cache.default()
    with using(cache), terminal.progress_for().shown() as progress:
        done = sketch.new(spec, maintainers, project_root(), cache, progress)
    if as_json:
        echo_json(asdict(done))
        return
    for file in done.files:
        click.echo(f"new      {file}")
    if done.unknown:
        click.echo(f"look up  {', '.join(done.unknown)}: whose names on conda-forge are these? (recipes/names.yaml)")
    for each in done.findings:
        click.echo(f"{each.kind:<8} {each.rule}: {each.what}")
    if not done.scenario:
        click.echo("messages no scenario passes any through it yet; the contract says what one takes")
    click.echo(f"  next: `kafka-forge verify {done.name}`", err=True)
