"""``kafka-forge sbom``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli.options import json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--osv",
    "export",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Also show which vulnerabilities it is known to have, by an export of OSV's on this machine.",
)
@json_option
def command(file: Path, export: Path | None, *, as_json: bool) -> None:
    """Show what a .conda FILE is made of, by the CycloneDX document that it carries.

    With --json the document itself is printed, as it stands in the file; with --osv it has the vulnerabilities, too.
    """
    from kafka_forge.sboms import osv, reading, telling

    found = reading.read(file)
    searched = osv.search(found.data, export) if export else None
    if as_json:
        from kafka_forge.sboms import amending

        click.echo(amending.amended(found.data, searched) if searched else found.text, nl=False)
        return
    for line in telling.lines(found.data):
        click.echo(line)
    for line in telling.vulnerabilities(searched) if searched else ():
        click.echo(line)
