"""``kafka-forge patches``: a recipe's patches as a git repository, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.patching.saving import Saved

_DIR = click.Path(file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Work on a recipe's patches as on commits.

    `open` makes a git repository of the source, with one commit a patch; edit, `git commit --fixup=COMMIT`,
    `git rebase -i --autosquash upstream`; `save` writes the commits back as patches.
    """


@command.command("open")
@click.argument("recipe")
@click.argument("folder", metavar="DIR", type=_DIR)
def open_(recipe: str, folder: Path) -> None:
    """Make a git repository in DIR: RECIPE's source (tag `upstream`), and one commit a patch, in order."""
    from kafka_forge.cleaning import using
    from kafka_forge.patching import opening
    from kafka_forge.paths import Cache, project_root
    from kafka_forge.report import terminal

    cache = Cache.default()
    with using(cache), terminal.progress_for().shown() as progress:
        count = opening.open_(recipe, folder, project_root(), cache, progress)
    click.echo(f"{folder}: {count} patches as commits on the tag `upstream`")
    click.echo(
        "  next: edit, `git commit --fixup=COMMIT`, `git rebase -i --autosquash upstream`, then "
        f"`kafka-forge patches save {folder}`",
        err=True,
    )


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="[RECIPE] DIR")
@click.option("--no-tests", is_flag=True, help="Do not run the tests that the changed patches name.")
@json_option
def save(names: tuple[str, ...], no_tests: bool, as_json: bool) -> None:
    """Write the commits of DIR as RECIPE's patches; then run the tests that the changed ones name.

    Only patches that changed are written, all of them or none. RECIPE may be left out where `open` made DIR.
    """
    from dataclasses import asdict

    from kafka_forge.cleaning import using
    from kafka_forge.patching import saving, testing
    from kafka_forge.paths import Cache, project_root
    from kafka_forge.report import terminal

    recipe, folder = _named(names)
    root, cache = project_root(), Cache.default()
    with using(cache), terminal.progress_for().shown() as progress:
        saved = saving.save(recipe, folder, root, cache, progress)
    if as_json:
        echo_json(asdict(saved))
    else:
        _tell(saved)
    if saved.tests and not no_tests:
        testing.run(root, saved.tests)


def _named(names: Sequence[str]) -> tuple[str | None, Path]:
    if len(names) > 2:
        raise click.UsageError("takes one RECIPE and one DIR")
    return (names[0] if len(names) == 2 else None), Path(names[-1])


def _tell(saved: Saved) -> None:
    for word, paths in (("changed", saved.changed), ("new", saved.new), ("gone", saved.gone)):
        for path in paths:
            click.echo(f"{word:<8} {path}")
    for old, new in saved.renamed.items():
        click.echo(f"renamed  {old} → {new}")
    touched = len({*saved.changed, *saved.new, *saved.renamed.values()})
    click.echo(f"{saved.total} patches, {saved.total - touched} of them as they were", err=True)
