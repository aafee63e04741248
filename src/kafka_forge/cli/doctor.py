"""``kafka-forge doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli.options import echo_json, json_option


@click.command()
@click.option(
    "--prefix",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the environment: conda's, a venv, /usr.  [default: the python3 on PATH]",
)
@click.option("--python", metavar="EXE", help="The environment's interpreter, in the place of --prefix.")
@click.option(
    "--security",
    "settings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with librdkafka's settings, name=value a line or JSON: what they name is looked for as well.",
)
@click.option(
    "--broker",
    metavar="HOST:PORT",
    help="Ask this broker's listener as well, and pass messages through it with each client, on topics of their own.",
)
@click.option("--redact", is_flag=True, help="Leave hosts, users, paths and the settings' values out.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    prefix: Path | None,
    python: str | None,
    settings_file: Path | None,
    broker: str | None,
    *,
    redact: bool,
    as_json: bool,
) -> None:
    """Say what is wrong with the Kafka clients of any environment, worst first, and what to do.

    Nothing in the environment is changed. Exit status 0: nothing but notes; 1: warnings; 2: something cannot work.
    """
    from kafka_forge.doctor import judging, looking, redacting, settings, telling
    from kafka_forge.doctor import report as reports

    if prefix is not None and python is not None:
        raise click.UsageError("--prefix and --python name the same thing: give one of them")
    chosen = settings.read(settings_file)
    if broker is not None:
        from kafka_forge.doctor import broker as asking

        asking.checked(broker)
    interpreter = looking.python_of(prefix, python)
    seen = looking.look(interpreter, chosen)
    if broker is not None:
        seen = asking.tried(interpreter, seen, broker, chosen)
    report = reports.made(seen, judging.judge(seen, chosen, Path.cwd()))
    if redact:
        report = redacting.redacted(report, chosen, broker)
    if as_json:
        echo_json(report.model_dump(mode="json"))
    else:
        for line in telling.lines(report):
            click.echo(line)
    context.exit(report.status)
