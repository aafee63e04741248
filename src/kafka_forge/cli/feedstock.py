"""``kafka-forge feedstock``."""

from __future__ import annotations

from pathlib import Path

import click

from kafka_forge.cli.options import echo_json, json_option


@click.command()
@click.argument("recipe", required=False)
@click.argument("feedstock", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit status 3 if the feedstock differs.")
@click.option(
    "--pinning",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="conda-forge's global conda_build_config.yaml: writes the pins in which the recipe differs from it.",
)
@click.option("--diff", "whole", is_flag=True, help="Show new files in full, too, as `git apply` takes them.")
@click.option("--lint", is_flag=True, help="Write nothing; hold RECIPE (or all, or DIR's) against conda-forge's rules.")
@json_option
def command(
    recipe: str | None,
    feedstock: Path | None,
    pinning: Path | None,
    *,
    check: bool,
    whole: bool,
    lint: bool,
    as_json: bool,
) -> None:
    """Write a conda-forge feedstock's recipe/ and conda-forge.yml out of RECIPE, and show the difference.

    Of a file that is new there is a line; of one that differs, the difference. Settings of the feedstock that we say
    nothing about stay. Rerender the feedstock afterwards. With --lint, RECIPE and DIR may be left out.
    """
    if lint:
        _lint(recipe, feedstock, as_json=as_json)
        return
    if recipe is None or feedstock is None:
        raise click.UsageError("takes RECIPE and DIR, where it is not to --lint")
    _write(recipe, feedstock, pinning, check=check, whole=whole, as_json=as_json)


def _write(recipe: str, feedstock: Path, pinning: Path | None, *, check: bool, whole: bool, as_json: bool) -> None:
    from kafka_forge.errors import Differs
    from kafka_forge.feedstocks import feedstock as feedstocks
    from kafka_forge.ground.paths import project_root

    found = feedstocks.changes(recipe, feedstock, project_root(), pinning)
    if as_json:
        echo_json([{"file": change.file, "diff": change.diff()} for change in found])
    else:
        for change in found:
            click.echo("\n".join(change.diff()) if whole or change.before is not None else change.summary)
    if check and found:
        raise Differs(
            f"{len(found)} files of the feedstock differ from our recipe",
            where=str(feedstock),
            todo=f"`kafka-forge feedstock {recipe} {feedstock}` writes them.",
        )
    if not check:
        feedstocks.write(feedstock, found)
    if not as_json:
        click.echo(f"{len(found)} files {'written' if found else 'differ: the feedstock is as our recipe'}", err=True)


def _lint(recipe: str | None, feedstock: Path | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from kafka_forge.errors import Differs
    from kafka_forge.feedstocks import linting
    from kafka_forge.ground.paths import project_root
    from kafka_forge.patching.source import folder_of
    from kafka_forge.planning import plan

    root = project_root()
    known = linting.known(root)
    if feedstock is not None:
        recipes = [linting.read(recipe or feedstock.name, feedstock / "recipe", feedstock / "conda-forge.yml")]
    else:
        folders = [folder_of(each, root) for each in ([recipe] if recipe else plan.recipe_names(root))]
        recipes = [linting.read(each.name, each, each / "conda-forge.yml") for each in folders]
    found = [finding for each in recipes for finding in linting.lint(each, known.get(each.name, {}))]
    said = {each.name: linting.smithy(each) for each in recipes}
    if as_json:
        smithy = {name: asdict(each) if each else None for name, each in said.items()}
        echo_json({"findings": [asdict(each) for each in found], "conda-smithy": smithy})
    else:
        for each in found:
            click.echo(f"{each.recipe}: {each.kind} {each.rule}: {each.what}")
            click.echo(f"  {f'known: {each.known}' if each.known else each.where}")
        for name, words in said.items():
            if words:
                click.echo(f"{name}: conda-smithy says:")
                click.echo("\n".join(f"  {line}" for line in words.words.splitlines()))
        click.echo(f"{len(recipes)} recipes, {len(linting.RULES)} rules, {len(found)} findings", err=True)
        if not any(said.values()):
            click.echo("conda-smithy is not on PATH; where it is, it is asked as well", err=True)
    wrong = [each for each in found if each.kind == "lint" and not each.known]
    red = [name for name, each in said.items() if each and not each.content]
    if wrong or red:
        raise Differs(
            f"conda-forge's rules are broken {len(wrong)} times" if wrong else f"conda-smithy refuses {', '.join(red)}",
            details=[f"{each.where}: {each.rule} {each.what}" for each in wrong],
            todo="mend the recipe; the ids are explained in conda-smithy's LINTER.md.",
        )
