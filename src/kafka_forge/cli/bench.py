"""``kafka-forge bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kafka_forge.cli.options import base_option, broker_option, echo_json, json_option, output_option


@click.group()
def command() -> None:
    """Measure the toolkit and the clients."""


@command.command()
@base_option
@broker_option
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How many times each.")
@click.option("--reproduce", is_flag=True, help="Build everything twice, too, with nothing cached: many minutes.")
@json_option
def toolkit(base: str, broker: str | None, runs: int, *, reproduce: bool, as_json: bool) -> None:
    """Measure planning, --help, a build with nothing to do, a second verify, and memory, against their goals."""
    from kafka_forge import brokers
    from kafka_forge.bench import toolkit as measurements
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root = project_root()
    with (
        terminal.progress_for().shown() as progress,
        brokers.open_broker(broker, Cache.default(), progress) as opened,
    ):
        figures = measurements.measure(root, base, runs, opened.address, progress)
        figures += measurements.reproducing(root, base, progress) if reproduce else []
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


def _codecs() -> click.Choice[str]:
    return click.Choice(["none", "gzip", "snappy", "lz4", "zstd"])


@command.command()
@base_option
@broker_option
@output_option
@click.option("--python", default="3.12", show_default=True, metavar="X.Y", help="The Python of every client.")
@click.option(
    "--client",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this client; may be repeated. dask_kafka_ranges (its Pythons: 3.11, 3.14) is measured if named.",
)
@click.option("--messages", type=click.IntRange(2, 5_000_000), default=200_000, show_default=True, help="How many.")
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(1, 900_000),
    multiple=True,
    default=(100, 1000, 10_000),
    show_default=True,
    help="Bytes of a message; may be repeated. A measurement has 100 MB at most.",
)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    default=("plain",),
    show_default=True,
    metavar="NAME",
    help="plain, reports (keys, headers, delivery reports), idempotent (with acks=all), partitions-8, lz4, awaited "
    "(each message when the last one was acknowledged), loop (a heartbeat beside asyncio's clients), or all; may be "
    "repeated. Each takes about as long as plain, which is measured beside them.",
)
@click.option("--repetitions", type=click.IntRange(2, 1000), default=10, show_default=True, help="Of every cell.")
@click.option("--partitions", type=click.IntRange(1, 100), default=1, show_default=True, help="Of each topic.")
@click.option("--acks", type=click.Choice(["0", "1", "all"]), default="1", show_default=True, help="Of producers.")
@click.option("--codec", type=_codecs(), default="none", show_default=True, help="Compression of producers.")
@click.option("--linger-ms", type=click.IntRange(0, 10_000), default=5, show_default=True, help="Of producers.")
@click.option(
    "--min-time",
    type=click.FloatRange(0, 60),
    default=1.0,
    show_default=True,
    help="Seconds a measurement lasts at least: quick clients get up to ten times the messages, and 300 MB.",
)
@click.option("--timeout", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="Seconds a load has.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the order and of the bootstrap.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the run as JSON.")
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with plots.")
@click.option(
    "--compare",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Hold this run against one that --json wrote, and say what moved beyond its interval.",
)
def clients(**options: Any) -> None:
    """Measure producers and consumers of every client on one broker: throughput with its interval, CPU."""
    from kafka_forge.bench.running import Options, run

    run(Options(**options))
