"""What ``install``, ``inspect`` and ``roundtrip`` share: they work on artifacts that have been built."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.building.build import Built
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.selection import Selection


def built(selection: Selection, base: str, root: Path, output: Path, cache: Cache, progress: Progress) -> Built:
    """Return the selected artifacts as they stand in the output channel.

    Raises:
        NotBuilt: one of them is not there, or is older than its recipe.
    """
    from kafka_forge import bases
    from kafka_forge.building import build, keys
    from kafka_forge.errors import NotBuilt, NothingSelected

    plans = [planned for planned in build.plan_on(selection, base, root) if not planned.refused]
    if not plans:
        raise NothingSelected("the base can have none of these cells", todo="`kafka-forge plan` says why.")
    wanted = dict.fromkeys(planned.cell.platform for planned in plans)
    chosen = {platform: bases.select(base, platform, cache, progress) for platform in wanted}
    known = keys.of_all(plans, chosen)
    artifacts = []
    for planned in plans:
        if planned.selected:
            artifact = build.find_built(output, planned.cell, known[planned.cell.id].key)
            if artifact is None:
                raise NotBuilt(
                    f"{planned.cell.id} has not been built from its recipe as it is now",
                    where=str(output / planned.cell.subdir / planned.cell.filename),
                    todo=f"run `kafka-forge build {planned.cell.recipe}` first.",
                )
            artifacts.append(replace(artifact, made_of=known[planned.cell.id]))
    return build.Built(chosen, tuple(artifacts))
