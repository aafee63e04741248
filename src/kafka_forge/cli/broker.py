"""``kafka-forge broker``: brokers for a maintainer to try things on, which run until they are stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from kafka_forge.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.brokers import Record


@click.group(short_help="Start, stop and list brokers.")
def command() -> None:
    """Start, stop and list brokers.

    A broker that is started here runs, on 127.0.0.1 only, until `kafka-forge broker stop`. Other commands start
    their own and stop it when they end; --broker HOST:PORT makes them use this one.
    """


@command.command()
@click.option("--version", default=None, metavar="VERSION", help="The Kafka version.  [default: 4.2.0]")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.  [default: a free one]")
@click.option(
    "--brokers",
    "count",
    type=click.IntRange(1, 9),
    default=1,
    show_default=True,
    help="How many, as one cluster; with three or more, topics have three copies, of which two must be in sync.",
)
@json_option
def start(version: str | None, port: int | None, count: int, *, as_json: bool) -> None:
    """Start a broker, or a cluster of several, and return when it answers."""
    from kafka_forge import brokers
    from kafka_forge.cleaning import using
    from kafka_forge.paths import Cache
    from kafka_forge.report import terminal

    if count > 1 and port is not None:
        raise click.UsageError("--port is for one broker; those of a cluster find their ports themselves")
    cache, wanted = Cache.default(), version or brokers.DEFAULT
    with using(cache), terminal.progress_for().shown() as progress:
        if count > 1:
            records = brokers.start_cluster_detached(wanted, cache, progress, brokers=count)
        else:
            records = [brokers.start_detached(wanted, cache, progress, port=port)]
    _show(records, as_json=as_json)


@command.command(short_help="Stop brokers that were started.")
@click.argument("addresses", nargs=-1, metavar="[HOST:PORT]...")
@json_option
def stop(addresses: Sequence[str], *, as_json: bool) -> None:
    """Stop the brokers at these addresses; without one, all that `broker start` started.

    With a broker of a cluster, the whole cluster stops.
    """
    from kafka_forge import brokers
    from kafka_forge.errors import UnknownBroker
    from kafka_forge.paths import Cache

    brokers.sweep(Cache.default())  # what dead brokers left, such as the ZooKeeper of one
    found = brokers.running(Cache.default())
    ours = {record.address: record for record in found if record.owner is None or record.address in addresses}
    unknown = [address for address in addresses if address not in ours]
    if unknown:
        raise UnknownBroker(
            f"no broker that kafka-forge started listens at {', '.join(unknown)}",
            details=[f"{record.address} (Kafka {record.version})" for record in found],
            todo="name one of the addresses that `kafka-forge broker list` shows.",
        )
    named = [ours[address] for address in dict.fromkeys(addresses or ours)]
    clusters = {record.cluster for record in named if record.cluster}
    stopped = named + [record for record in found if record.cluster in clusters and record not in named]
    for record in stopped:
        brokers.stop(record)
    _show(stopped, as_json=as_json, verb="stopped ")


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the brokers that run, those of other commands too."""
    from kafka_forge import brokers
    from kafka_forge.paths import Cache

    _show(brokers.running(Cache.default()), as_json=as_json)


def _show(records: Sequence[Record], *, as_json: bool, verb: str = "") -> None:
    rows = [_row(record) for record in records]
    if as_json:
        echo_json(rows)
        return
    for row in rows:
        until = "until it is stopped" if row["detached"] else f"with process {row['owner']}"
        which = f"  broker {row['node']} of {row['cluster']}" if row["cluster"] else ""
        click.echo(
            f"{verb}{row['address']}  Kafka {row['version']}{which}  process {row['pid']}  {until}  {row['folder']}"
        )
    if not rows:
        click.echo("no broker runs", err=True)


def _row(record: Record) -> dict[str, Any]:
    return {
        "address": record.address,
        "version": record.version,
        "pid": record.server.pid if record.server else None,
        "detached": record.owner is None,
        "owner": record.owner.pid if record.owner else None,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.started)),
        "folder": str(record.folder),
        "log_dir": str(record.log_dir),
        "zookeeper": record.zookeeper,
        "cluster": record.cluster,
        "node": record.node,
    }
