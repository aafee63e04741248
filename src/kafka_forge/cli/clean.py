"""``kafka-forge clean``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.cleaning import Room
    from kafka_forge.ground.paths import Cache


@click.command()
@click.argument("rooms", nargs=-1, metavar="[ROOM]...")
@click.option("--all", "everything", is_flag=True, help="Remove every room of the cache.")
@json_option
def command(rooms: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Show what the cache holds; remove the ROOMs that are named, or all.

    A room in use (by a build, or by a broker that runs) is left alone, and the command says so.
    """
    from kafka_forge.ground import cleaning
    from kafka_forge.ground.paths import Cache

    cache = Cache.default()
    chosen = cleaning.rooms(cache) if everything else cleaning.named(cache, rooms)
    _bar_brokers(cache, chosen)
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


def _bar_brokers(cache: Cache, chosen: Sequence[Room]) -> None:
    """Make sure that no broker runs out of the rooms that are to be removed.

    A broker from ``broker start`` outlives the run that started it, so it does not hold `cleaning.using`.

    Raises:
        NotWritable: one runs.
    """
    from kafka_forge import brokers
    from kafka_forge.errors import NotWritable

    running = brokers.running(cache) if any(room.name == "brokers" for room in chosen) else []
    if running:
        raise NotWritable(
            f"a broker runs out of the cache: {', '.join(each.address for each in running)}",
            where=str(cache.brokers),
            todo="stop it with `kafka-forge broker stop`, then clean.",
        )
