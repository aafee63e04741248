"""``kafka-forge schema``."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Write the JSON schemas of reports, contracts and the others, where they differ from the models."""
    from kafka_forge.schemas import making as schemas

    changed = schemas.write()
    for path in changed:
        click.echo(f"written: {path}")
    if not changed:
        click.echo("the schemas are what the models say")
