"""``kafka-forge clean``."""

from __future__ import annotations

import click

from kafka_forge.cli.options import echo_json, json_option


@click.command()
@click.argument("rooms", nargs=-1, metavar="[ROOM]...")
@click.option("--all", "everything", is_flag=True, help="Remove every room of the cache.")
@json_option
def command(rooms: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Show what the cache holds; remove the ROOMs that are named, or all.

    A room in use (by a build, or by a broker that runs) is left alone, and the command says so.
    """
    from kafka_forge import cleaning
    from kafka_forge.paths import Cache

    cache = Cache.default()
    chosen = cleaning.rooms(cache) if everything else cleaning.named(cache, rooms)
    cleaning.bar_brokers(cache, chosen)
    removed = [cleaning.remove(room) for room in chosen]
    if as_json:
        echo_json({"cache": str(cache.root), "removed": removed, "rooms": cleaning.sizes(cache)})
        return
    for line in removed:
        click.echo(f"removed {line['room']}: {line['bytes'] / 1e6:.1f} MB")
    click.echo(f"{cache.root}")
    for row in cleaning.sizes(cache):
        click.echo(f"  {row['room']:<10} {row['bytes'] / 1e6:10.1f} MB  {row['what']}")
    if not removed:
        click.echo("nothing removed; name rooms, or use --all")
