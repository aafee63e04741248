"""``kafka-forge audit``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli.options import base_option, brokers_option, jobs_option, json_option


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="URL|FOLDER",
    help="Where conda packages and what they need come from, before the base; may be repeated, the first first.",
)
@click.option("--override-channels", is_flag=True, help="Take nothing from the base, as `conda install` has it.")
@click.option("--platform", default=None, metavar="SUBDIR", help="The conda subdir.  [default: this machine's]")
@click.option("--python", default="3.12", show_default=True, metavar="X.Y", help="The Python to try it with.")
@click.option(
    "--contract",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the packages are held to.  [default: the contract of the recipe of that name]",
)
@click.option("--survive", is_flag=True, help="Also put the clients through faults on a cluster; takes minutes.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("audit"),
    show_default=True,
    help="A folder that gets report.json and report.html.",
)
@brokers_option
@base_option
@jobs_option
@json_option
def command(
    specs: tuple[str, ...],
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
    survive: bool,
    as_json: bool,
) -> None:
    """Install anybody's packages as their users do, and hold them to our contracts, through a real Kafka.

    A SPEC is a conda match spec (python-confluent-kafka=2.14), a .conda or .tar.bz2 file, or a wheel of the Python
    index: pypi: and a requirement of pip's (pypi:confluent-kafka==2.14.2). Several are shown beside one another. The
    exit status is 0 only if every verdict is a pass, or a refusal that the contract names.
    """
    from kafka_forge import bases, platforms
    from kafka_forge.auditing import audit, subjects
    from kafka_forge.brokers import choose
    from kafka_forge.cli import _examining
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    cache, where = Cache.default(), platform or platforms.current()
    names = choose(brokers)
    subjects.can_be_tried(specs, where)
    with terminal.progress_for().shown() as progress:
        chosen = bases.select(base, where, cache, progress)
        searched = tuple(map(bases.url_of, channels)) + (() if override_channels else (chosen.channel,))
        verified = audit.audit(
            specs,
            subjects.Request(searched, chosen.channel, where, python, cache, progress),
            audit.Judging(project_root(), contract, chosen, names, survive, output.resolve(), jobs),
        )
    _examining.conclude(verified, output.resolve(), as_json=as_json)
