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
@click.option("--version", default=None, metavar="VERSION", help="The Kafka version.  [default: 4.4.0]")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.  [default: a free one]")
@click.option(
    "--brokers",
    "count",
    type=click.IntRange(1, 9),
    default=1,
    show_default=True,
    help="How many, as one cluster; with three or more, topics have three copies, of which two must be in sync.",
)
@click.option("--tls", is_flag=True, help="Add a listener with TLS, and certificates made for this run.")
@click.option(
    "--sasl",
    metavar="NAME,…",
    help="The listener's SASL mechanisms: plain, scram, oauthbearer (unsigned tokens), gssapi (with a KDC of its own).",
)
@click.option(
    "--acl", is_flag=True, help="Let ACLs decide: admin, writer, reader and nobody may do what they are called."
)
@json_option
def start(
    version: str | None, port: int | None, count: int, sasl: str | None, *, tls: bool, acl: bool, as_json: bool
) -> None:
    """Start a broker, or a cluster of several, and return when it answers.

    With --tls, --sasl or --acl it has one more listener, and users made for this run; the settings for it are printed
    in each client's words, ready to paste. The listener without stays for the brokers and this program, and may
    everything, on 127.0.0.1 only.
    """
    from kafka_forge import brokers
    from kafka_forge.brokers import security
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache
    from kafka_forge.report import terminal

    if count > 1 and port is not None:
        raise click.UsageError("--port is for one broker; those of a cluster find their ports themselves")
    words = [word.strip().lower() for word in sasl.split(",")] if sasl is not None else []
    plan = security.chosen(tls=tls, sasl=words, acl=acl)
    cache, wanted = Cache.default(), version or brokers.DEFAULT
    with using(cache), terminal.progress_for().shown() as progress:
        if count > 1:
            records = brokers.start_cluster_detached(wanted, cache, progress, brokers=count, security=plan)
        else:
            records = [brokers.start_detached(wanted, cache, progress, port=port, security=plan)]
    _show(records, as_json=as_json)
    if plan and not as_json:
        _show_access(records[0])


@command.command(short_help="Stop brokers that were started.")
@click.argument("addresses", nargs=-1, metavar="[HOST:PORT]...")
@click.option("--all", "everything", is_flag=True, help="Stop all that `broker start` started, whoever did.")
@json_option
def stop(addresses: Sequence[str], *, everything: bool, as_json: bool) -> None:
    """Stop the brokers at these addresses, or --all that `broker start` started.

    With a broker of a cluster, the whole cluster stops.
    """
    from kafka_forge import brokers
    from kafka_forge.errors import NothingSelected, UnknownBroker
    from kafka_forge.ground.paths import Cache

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
    if ours and not addresses and not everything:
        raise NothingSelected(
            "which broker? Others may have started some of these",
            details=[f"{record.address} (Kafka {record.version}, {record.folder})" for record in ours.values()],
            todo="name an address, or use --all.",
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
    from kafka_forge.ground.paths import Cache

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


def _show_access(record: Record) -> None:
    """Print who is let in, and the first user's settings in each client's words; `broker list --json` has them all."""
    from kafka_forge.brokers import security

    told = security.saved(record.folder)
    assert told is not None
    click.echo(f"\n{told['addresses']}  {told['protocol']}")
    if kerberos := told["kerberos"]:
        click.echo(f"Kerberos: realm {kerberos['realm']}, KDC {kerberos['kdc']}; on {kerberos['java']}")
    for user in told["users"]:
        password = f"  password {user['password']}" if user["password"] else ""
        click.echo(f"  {user['name']:<8}{password}{'  ' + user['may'] if user['may'] else ''}")
    first = told["users"][0]
    for mechanism, clients in first["settings"].items():
        for client, text in clients.items():
            click.echo(
                f"\n# {client}{' and confluent-kafka' * (client == 'librdkafka')}, {mechanism}\n{text}", nl=False
            )


def _row(record: Record) -> dict[str, Any]:
    from kafka_forge.brokers import security

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
        "security": security.saved(record.folder),
    }
