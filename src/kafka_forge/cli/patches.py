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
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.patching import opening
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

    Only patches that changed are written, all of them or none, and docs/RECIPE.md where there is one. RECIPE may be
    left out where `open` made DIR.
    """
    from dataclasses import asdict

    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.patching import page as page_of
    from kafka_forge.patching import saving, testing
    from kafka_forge.report import terminal

    recipe, folder = _named(names)
    root, cache = project_root(), Cache.default()
    with using(cache), terminal.progress_for().shown() as progress:
        saved = saving.save(recipe, folder, root, cache, progress)
    if page_of.path_of(root, saved.recipe).is_file():
        page_of.write(root, saved.recipe)
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
    words = {"changed": saved.changed, "adjusted": saved.adjusted, "new": saved.new, "gone": saved.gone}
    for word, paths in words.items():
        for path in paths:
            click.echo(f"{word:<8} {path}")
    for old, new in saved.renamed.items():
        click.echo(f"renamed  {old} → {new}")
    touched = len({*saved.changed, *saved.adjusted, *saved.new, *saved.renamed.values()})
    click.echo(f"{saved.total} patches, {saved.total - touched} of them as they were", err=True)


@command.command("list")
@click.argument("recipe")
@json_option
def list_(recipe: str, as_json: bool) -> None:
    """List RECIPE's patches: number, lines, subject."""
    from dataclasses import asdict

    from kafka_forge.ground.paths import project_root
    from kafka_forge.patching import explaining

    found = explaining.all_of(project_root(), recipe)
    if as_json:
        echo_json([asdict(each) for each in found])
        return
    for each in found:
        click.echo(f"{each.number:>4} {each.lines:>5}  {each.message.subject}")
    click.echo(f"{len(found)} patches of {sum(each.lines for each in found)} lines", err=True)


@command.command()
@click.argument("recipe")
@click.argument("number", type=int, metavar="N")
@json_option
def show(recipe: str, number: int, as_json: bool) -> None:
    """Explain the Nth of RECIPE's patches: why, what it answers, its tests, its files."""
    from dataclasses import asdict

    from kafka_forge.ground.paths import project_root
    from kafka_forge.patching import explaining

    found = explaining.one_of(project_root(), recipe, number)
    if as_json:
        echo_json(asdict(found))
        return
    message = found.message
    click.secho(f"{number}. {message.subject}", bold=True)
    click.echo(f"\n{message.why}\n" if message.why else "")
    for word, lines in (("answers", message.answers), ("since", message.since)):
        if lines:
            click.echo(f"{word:<8} {' '.join(lines.split())}")
    for test in message.tests:
        click.echo(f"test     {test}")
    for each in found.files:
        click.echo(f"{each.kind:<8} {each.file}  +{each.added} -{each.removed}")
    click.echo(f"patch    recipes/{recipe}/{found.name}, {found.lines} lines")


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="[RECIPE] DIR")
@click.option("--onto", required=True, metavar="VERSION|DIR|ARCHIVE", help="The source to put the patches on.")
def rebase(names: tuple[str, ...], onto: str) -> None:
    """Put the commits of DIR on another source, up to the first that conflicts; called again, go on.

    A DIR that is not there yet is opened first. A version is looked for where the recipe's own source is.
    """
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.patching import rebasing
    from kafka_forge.report import terminal

    recipe, folder = _named(names)
    cache = Cache.default()
    with using(cache), terminal.progress_for().shown() as progress:
        done = rebasing.rebase(recipe, folder, onto, project_root(), cache, progress)
    for subject in done.dropped:
        click.echo(f"dropped  {subject}: it changes nothing there")
    click.echo(f"{folder}: {done.total} patches on {done.title}" + (f", sha256 {done.sha256}" if done.sha256 else ""))
    click.echo(
        f"  next: put that version and sha256 into recipe.yaml, then `kafka-forge patches save {folder}`"
        if done.sha256
        else "  next: what is right there can be saved once an archive of it is the recipe's source",
        err=True,
    )


@command.command()
@click.argument("recipe")
@click.option("--check", is_flag=True, help="Write nothing; exit status 3 if the page is not what the headers say.")
def page(recipe: str, check: bool) -> None:
    """Write docs/RECIPE.md, a page about RECIPE's patches made of their headers."""
    from kafka_forge.ground.paths import project_root
    from kafka_forge.patching import page as pages

    root = project_root()
    if check:
        pages.check(root, recipe)
    elif pages.write(root, recipe):
        click.echo(f"written: {pages.path_of(root, recipe)}")
    else:
        click.echo("the page is what the headers say")
