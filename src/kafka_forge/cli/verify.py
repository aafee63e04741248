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
    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.examining import verify
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal
    from kafka_forge.values.model import Verdict

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
    report = verified.report
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        terminal.print_report(report)
        click.echo(f"report: {target / 'report.json'}, as a page: {target / 'report.html'}")
    if verified.faults:
        raise verified.faults[0]
    if report.verdict is Verdict.FAIL:
        failed = [
            f"{each.recipe} {each.platform} {each.python or ''}".strip()
            for each in report.artifacts
            if each.verdict == "fail"
        ]
        raise VerdictsNotGreen(
            f"{len(failed)} of {len(report.artifacts)} artifacts failed: {', '.join(failed)}",
            where=str(target / "report.json"),
            todo="the failed checks are listed above; `kafka-forge inspect` and `roundtrip` try one artifact alone.",
        )
