"""``kafka-forge diff``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli._subjects import subject_options
from kafka_forge.cli.options import base_option, brokers_option, jobs_option, json_option


@click.command()
@click.argument("a")
@click.argument("b")
@subject_options
@click.option("--judge", is_flag=True, help="Also hold both to their contracts, as `audit` does; takes a broker.")
@click.option("--exit-code", "strict", is_flag=True, help="End with status 3 if anything differs.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("diff"),
    show_default=True,
    help="A folder that gets diff.json and diff.html.",
)
@brokers_option
@base_option
@jobs_option
@json_option
def command(
    a: str,
    b: str,
    channels: tuple[str, ...],
    platform: str | None,
    python: str,
    contract: Path | None,
    brokers: tuple[str, ...],
    base: str,
    jobs: int,
    output: Path,
    *,
    override_channels: bool,
    judge: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Show what differs between two packages, as installed: A was, B is.

    A and B are what `audit` takes: a conda match spec, a .conda or .tar.bz2 file, pypi: and a requirement of pip's, or
    recipe: and the name of a recipe that has been built here. Compared are files, dependencies and pins, run exports,
    the librdkafka that is loaded and its features, exported symbols, sizes, and the glibc and macOS they need.
    """
    from kafka_forge.cli import _subjects
    from kafka_forge.cli.options import echo_json
    from kafka_forge.comparing import compare, telling
    from kafka_forge.errors import Differs

    asked = _subjects.Asked(channels, override_channels, platform, python, contract, brokers if judge else None, base)
    with _subjects.ready((a, b), asked, output.resolve(), jobs) as (specs, request, judging):
        done = compare.compare(specs[0], specs[1], request, judging, judge=judge)
    if as_json:
        echo_json(done.diff.model_dump(mode="json"))
    else:
        for line in telling.lines(done.diff):
            click.echo(line)
        click.echo(f"\nin full: {output.resolve() / 'diff.json'}, as a page: {output.resolve() / 'diff.html'}")
    if done.faults:
        raise done.faults[0]
    if strict and done.diff.differs:
        raise Differs("the packages differ", todo="what differs is shown above.")
