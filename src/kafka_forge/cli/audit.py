"""``kafka-forge audit``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli._subjects import subject_options
from kafka_forge.cli.options import base_option, brokers_option, jobs_option, json_option


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@click.option(
    "--prefix",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An environment that stands already (/usr, a venv, conda's): SPECs are clients in it, none are all of them.",
)
@subject_options
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
    prefix: Path | None,
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

    A SPEC is a conda match spec (python-confluent-kafka=2.14), a .conda or .tar.bz2 file, a wheel of the Python
    index: pypi: and a requirement of pip's (pypi:confluent-kafka==2.14.2), or recipe: and the name of a recipe that
    has been built here. Several are shown beside one another. The
    --prefix looks at what stands in an environment already, whoever put it there, and installs nothing into it. The
    exit status is 0 only if every verdict is a pass, or a refusal that the contract names.
    """
    from kafka_forge.auditing import audit
    from kafka_forge.cli import _examining, _subjects

    asked = _subjects.Asked(channels, override_channels, platform, python, contract, brokers, base, survive)
    if not specs and prefix is None:
        raise click.UsageError("name what to audit: SPECs, or an environment by --prefix.")
    if prefix is not None and (platform or channels):
        raise click.UsageError(
            "--prefix takes an environment of this machine as it stands: no --platform, no --channel."
        )
    with _subjects.ready(() if prefix else specs, asked, output.resolve(), jobs) as (named, request, judging):
        if prefix is None:
            verified = audit.audit(named, request, judging)
        else:
            verified = audit.audit_standing(prefix.absolute(), specs, request, judging)
    _examining.conclude(verified, output.resolve(), as_json=as_json)
