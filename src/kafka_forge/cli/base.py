"""``kafka-forge base``."""

from __future__ import annotations

import click

from kafka_forge.cli.options import base_option, echo_json, json_option


@click.command()
@base_option
@click.option("--platform", default=None, metavar="SUBDIR", help="The platform to make it for.  [default: this one]")
@click.option("--key", is_flag=True, help="Only print a name for its cache, which changes with its locks.")
@json_option
def command(base: str, platform: str | None, key: bool, as_json: bool) -> None:
    """Make the base channel that a build would take (or find that it is there), and say which and why."""
    from kafka_forge import bases, platforms
    from kafka_forge.bases.cachekey import cache_key
    from kafka_forge.errors.hiding import hidden
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    if key:
        click.echo(cache_key(project_root(), platforms.of(platform).name if platform else platforms.current()))
        return
    cache = Cache.default()
    with terminal.progress_for().shown() as progress, using(cache):
        chosen = bases.select(base, platform or platforms.current(), cache, progress)
    row = {"name": chosen.name, "channel": chosen.channel, "reason": chosen.reason, "fingerprint": chosen.fingerprint}
    if as_json:
        echo_json(row)
        return
    click.echo(hidden(f"{chosen.name}: {chosen.channel}\n{chosen.reason}"))
