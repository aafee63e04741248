"""``kafka-forge publish``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import attested_options, echo_json, inspected_option, json_option

if TYPE_CHECKING:
    from kafka_forge.attesting.verifying import Signer
    from kafka_forge.publishing import Destination


@click.command()
@click.option(
    "--channel",
    required=True,
    metavar="FOLDER|anaconda:OWNER|KIND+URL/CHANNEL|s3://BUCKET/PREFIX",
    help="Where to; see below.",
)
@click.option(
    "--from",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder with report.json and the artifacts.  [default: output/ in the checkout]",
)
@inspected_option(default=False)
@attested_options
@click.option(
    "--attested-for",
    metavar="URL",
    help="The channel's URL that the demanded attestations must name.  [default: not asked]",
)
@json_option
def command(
    channel: str,
    folder: Path | None,
    inspected: bool,
    by: Path | Signer | None,
    attested_for: str | None,
    as_json: bool,
) -> None:
    """Put what a green report has proven into a channel; nothing is ever replaced.

    Attestations beside the files (`attest sign`) go along, into a folder or a bucket; --key, or --identity with
    --issuer, demands one that holds for every file.

    \b
    --channel /srv/channel                     a folder
    --channel anaconda:OWNER or anaconda:OWNER/LABEL
    --channel prefix+https://SERVER/CHANNEL    so too quetz+, artifactory+ and anaconda+
    --channel s3://BUCKET/PREFIX

    The server's API key is read from KAFKA_FORGE_TOKEN, or from rattler's stored credentials (RATTLER_AUTH_FILE). S3's
    key and place are read from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, and
    AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for a server that is not Amazon's; it takes the extra `s3`.
    A run that was broken off can be repeated: files that are there with the same bytes are left alone.
    """
    from kafka_forge import publishing
    from kafka_forge.attesting import keys
    from kafka_forge.attesting.statement import channel_of
    from kafka_forge.ground.paths import project_root
    from kafka_forge.report import merging, terminal

    if attested_for and by is None:
        raise click.UsageError("--attested-for goes with --key, or --identity and --issuer: whose attestation is it?")
    whose = keys.public(by) if isinstance(by, Path) else by
    target = attested_for and channel_of(attested_for)
    source = (folder or project_root() / "output").resolve()
    destination = _destination(channel)
    report = merging.load(source / "report.json")
    with terminal.progress_for().shown() as progress:
        done = publishing.publish(report, source, destination, progress, inspected=inspected, by=whose, target=target)
    if as_json:
        echo_json({"channel": destination.name, **asdict(done)})
        return
    for file in done.published:
        click.echo(f"published: {file}")
    for file in done.there:
        click.echo(f"there already: {file}")
    for file in done.attested:
        click.echo(f"attested: {file}")
    if done.unattested:
        click.echo(f"{destination.name} takes no attestations; {len(done.unattested)} stay here", err=True)


def _destination(channel: str) -> Destination:
    from kafka_forge.errors import UnknownChannel
    from kafka_forge.publishing import s3, servers
    from kafka_forge.publishing.account import Account
    from kafka_forge.publishing.folder import Folder

    server = servers.parse(channel)
    if server is not None:
        return server
    place = s3.parse(channel)
    if place is not None:
        s3.available()
        return s3.Bucket(*place, Account.of_environment())
    if ":" in channel.removeprefix("file://") or not channel.strip():
        raise UnknownChannel(
            f"{channel!r} is nothing that can be published to",
            todo="name a folder, anaconda:OWNER, s3://BUCKET/PREFIX, or a server as prefix+URL/CHANNEL (quetz+, …).",
        )
    return Folder(Path(channel.removeprefix("file://")).resolve())
