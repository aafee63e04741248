"""``kafka-forge roundtrip``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import (
    base_option,
    brokers_option,
    jobs_option,
    json_option,
    output_option,
    selection_options,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@base_option
@brokers_option
@jobs_option
@output_option
@json_option
def command(
    selection: Selection, base: str, brokers: tuple[str, ...], jobs: int, output: Path | None, as_json: bool
) -> None:
    """Install artifacts afresh and pass messages through a broker with them, or through several."""
    from kafka_forge.brokers import choose
    from kafka_forge.cli import _examining

    _examining.examine_built(selection, base=base, brokers=choose(brokers), jobs=jobs, output=output, as_json=as_json)
