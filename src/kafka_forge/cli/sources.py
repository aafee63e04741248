"""``kafka-forge sources``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import base_option, echo_json, json_option, selection_options

if TYPE_CHECKING:
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@base_option
@json_option
def command(selection: Selection, base: str, as_json: bool) -> None:
    """Obtain the upstream sources of recipes; only the sha256 decides where they may come from."""
    from kafka_forge import bases, sources
    from kafka_forge.engine import drafting
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.files import Store
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.planning import plan
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    rows: dict[str, dict[str, object]] = {}
    with terminal.progress_for().shown() as progress, using(cache):
        for planned in plan.plan(selection, root=root, variants=bases.variants(base, root)):
            hints = sources.load_hints(root / "recipes" / planned.cell.recipe / "sources.yaml")
            for source in drafting.sources_of(planned.rendered, hints):
                path = sources.obtain(source, Store(cache.store), progress)
                rows[source.sha256] = {
                    "recipe": planned.cell.recipe,
                    "name": source.name,
                    "sha256": source.sha256,
                    "path": str(path),
                    "bytes": path.stat().st_size,
                }
    if as_json:
        echo_json(list(rows.values()))
        return
    for row in rows.values():
        click.echo(f"{row['recipe']:<24} {row['name']:<36} {row['sha256']}")
