"""``kafka-forge reproduce``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, jobs_option, json_option, output_option, selection_options

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.reproducing.reproduce import Reproduced
    from kafka_forge.values.selection import Selection

_SHOWN = 12


@click.command()
@selection_options
@click.option(
    "--condition",
    "chosen",
    multiple=True,
    metavar="ID",
    help="Only this is otherwise in the second build; may be repeated. `--list` shows all.  [default: all]",
)
@click.option("--list", "listing", is_flag=True, help="Show the conditions, and why one cannot be had here, and end.")
@base_option
@jobs_option
@output_option
@json_option
def command(
    selection: Selection,
    chosen: tuple[str, ...],
    base: str,
    jobs: int,
    output: Path | None,
    *,
    listing: bool,
    as_json: bool,
) -> None:
    """Build twice, each time under other conditions, and show where the packages differ, byte by byte.

    The first build is what stands in the output channel, if it is unchanged; the second one is made anew, with all
    that it is built on here, and thrown away after the comparison. The exit status is 3 if anything differs.
    """
    from kafka_forge.errors import Differs
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal
    from kafka_forge.reproducing import conditions, possible, reproduce

    if strange := sorted(set(chosen) - set(conditions.CONDITIONS)):
        raise click.BadParameter(
            f"{', '.join(strange)}: no such condition; `--list` shows all", param_hint="--condition"
        )
    root, cache = project_root(), Cache.default()
    with terminal.progress_for().shown() as progress:
        refused = possible.refusals(cache, progress)
    if listing:
        _list(conditions.CONDITIONS, refused)
        return
    if lacking := [each for each in chosen if each in refused]:
        raise click.BadParameter(f"{lacking[0]}: {refused[lacking[0]]}", param_hint="--condition")
    with terminal.progress_for().shown() as progress, using(cache):
        done = reproduce.reproduce(
            selection,
            chosen or tuple(each for each in conditions.CONDITIONS if each not in refused),
            root=root,
            base=base,
            output=(output or root / "output").resolve(),
            cache=cache,
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        echo_json(reproduce.as_json(done, refused))
    else:
        _show(done, conditions.CONDITIONS, reproduce.not_varied(done.varied, refused))
    differing = [each.artifact.cell.id for each in done.compared if each.differences]
    if differing:
        raise Differs(
            f"{len(differing)} of {len(done.compared)} artifacts are not the same file twice",
            details=differing,
            todo="see above; `--condition ID` has one thing alone otherwise, so it shows which one it is.",
        )


def _list(words: dict[str, str], refused: dict[str, str]) -> None:
    for name, text in words.items():
        click.echo(f"{name:<16} {text}" + (f"; not here: {refused[name]}" if name in refused else ""))


def _show(done: Reproduced, words: dict[str, str], fixed: dict[str, str]) -> None:
    click.echo("The second build:")
    for name in done.varied:
        click.echo(f"  {name:<16} {words[name]}")
    for name, why in fixed.items():
        click.echo(f"  {name:<16} as in the first one: {why}")
    click.echo()
    for each in done.compared:
        state = "the same" if not each.differences else f"{len(each.differences)} differences"
        click.echo(f"{each.artifact.cell.id:<44} {each.artifact.sha256[:16]}  {state}")
        for found in each.differences[:_SHOWN]:
            where = "" if found.offset is None else f", byte {found.offset:,}"
            many = "" if found.count is None else f" ({found.count:,} differ)"
            click.echo(f"    {found.file}{where}{many}: {found.why}")
            if found.a or found.b:
                click.echo(f"      first   {found.a}\n      second  {found.b}")
        if len(each.differences) > _SHOWN:
            click.echo(f"    and {len(each.differences) - _SHOWN} more; --json has all")
        if each.details:
            click.echo(f"    diffoscope tells more: {each.details}")
    for cell, why in done.missing.items():
        click.echo(f"{cell:<44} {why}")
