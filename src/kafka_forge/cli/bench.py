"""``kafka-forge bench``."""

from __future__ import annotations

import click

from kafka_forge.cli.options import base_option, broker_option, echo_json, json_option


@click.group()
def command() -> None:
    """Measure the toolkit."""


@command.command()
@base_option
@broker_option
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How many times each.")
@json_option
def toolkit(base: str, broker: str | None, runs: int, as_json: bool) -> None:
    """Measure planning, --help, a build with nothing to do, a second verify, and memory, against their goals."""
    from kafka_forge import brokers
    from kafka_forge.bench import toolkit as measurements
    from kafka_forge.paths import Cache, project_root
    from kafka_forge.report import terminal

    root = project_root()
    with (
        terminal.progress_for().shown() as progress,
        brokers.open_broker(broker, Cache.default(), progress) as opened,
    ):
        figures = measurements.measure(root, base, runs, opened.address, progress)
    if as_json:
        echo_json(measurements.as_json(figures))
        return
    for figure in figures:
        spread = f"{figure.low:g}–{figure.high:g}"
        state = "met" if figure.met else "NOT MET"
        click.echo(
            f"{figure.name:<50} {figure.median:9.3f} {figure.unit:<3} ({spread}, {figure.runs} runs)"
            f"  goal {figure.goal:g}: {state}"
        )
