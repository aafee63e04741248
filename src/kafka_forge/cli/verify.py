"""``kafka-forge verify``."""

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
    """Build everything, install it afresh, and pass messages through a real Kafka, or through several.

    The report is written to report.json and report.html in the output folder. The exit status is 0 only if every
    verdict is a pass, or a refusal that the recipe's contract names.
    """
    from kafka_forge.cli import _examining
    from kafka_forge.examining import verify
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root = project_root()
    target = (output or root / "output").resolve()
    with terminal.progress_for().shown() as progress:
        verified = verify.verify(
            selection,
            root=root,
            base=base,
            brokers=brokers,
            output=target,
            cache=Cache.default(),
            jobs=jobs,
            progress=progress,
        )
    _examining.conclude(verified, target, as_json=as_json)
