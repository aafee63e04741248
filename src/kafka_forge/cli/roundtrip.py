"""``kafka-forge roundtrip``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import (
    base_option,
    broker_option,
    jobs_option,
    json_option,
    output_option,
    selection_options,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.selection import Selection


@click.command()
@selection_options
@base_option
@broker_option
@jobs_option
@output_option
@json_option
def command(selection: Selection, base: str, broker: str | None, jobs: int, output: Path | None, as_json: bool) -> None:
    """Install artifacts afresh and pass messages through a broker with them."""
    from kafka_forge import brokers
    from kafka_forge.cli import _examining
    from kafka_forge.paths import Cache
    from kafka_forge.report import terminal

    with (
        terminal.progress_for().shown() as progress,
        brokers.open_broker(broker, Cache.default(), progress) as opened,
    ):
        _examining.examine_built(
            selection, base=base, broker=opened, jobs=jobs, output=output, as_json=as_json, progress=progress
        )
