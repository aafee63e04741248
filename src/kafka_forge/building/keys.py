"""A cell's key: the hash of everything that decides its artifact's bytes.

That is the recipe's folder, its sources by their sums, the rendered variant, the base, the engine, what the toolkit
does to the engine's file, and the keys of the cells here that it is built on.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from kafka_forge.building import bills
from kafka_forge.engine import finishing
from kafka_forge.errors.hiding import hidden
from kafka_forge.ground import long_double
from kafka_forge.ground.files import sha256_of
from kafka_forge.macho import signature
from kafka_forge.values.model import MadeOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kafka_forge.planning.plan import Planned
    from kafka_forge.values.model import Base
    from kafka_forge.values.rendered import Rendered

ENGINE = "py-rattler-build"
_APART = frozenset({"contract.yaml", "sources.yaml", "conda-forge.yml"})
"""Files of a recipe's folder that go into no build."""


def of(planned: Planned, base: Base, below: Sequence[str]) -> MadeOf:
    """Return what decides an artifact's bytes, and the key over it.

    Args:
        planned: the cell with its rendered recipe.
        base: the base it is built on.
        below: the keys of the cells here that it is built on.
    """
    cell = planned.cell
    recipe = folder_digest(planned.rendered.recipe_dir)
    fingerprint = base.fingerprint_noarch if cell.noarch else base.fingerprint
    engine = version(ENGINE)
    parts = {
        "recipe": recipe,
        "variant": dict(planned.rendered.variant),
        # one artifact for all platforms is one artifact, whichever platform it was asked for
        "cell": [cell.recipe, cell.subdir, cell.python],
        "base": fingerprint,
        "engine": engine,
        "finished": finishing.FORMAT,
        "bill": bills.key(),
        "below": sorted(below),
        # what the toolkit's compiler links in there
        **({"long double": long_double.KEY} if cell.subdir == "linux-ppc64le" else {}),
        **({"macho": signature.FORMAT} if cell.subdir.startswith("osx-") else {}),
    }
    return MadeOf(
        key=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        recipe=recipe,
        sources=_sources(planned.rendered),
        base=fingerprint,
        engine=f"{ENGINE} {engine}",
        variant=MappingProxyType(dict(planned.rendered.variant)),
        built_on=tuple(sorted(below)),
    )


def _sources(rendered: Rendered) -> tuple[tuple[str, str], ...]:
    """Return URL and sha256 of each source that is fetched; the recipe's digest is over both."""
    found = []
    for source in rendered.sources:
        url = source.get("url")
        first = url[0] if isinstance(url, list) and url else url
        if first and source.get("sha256"):
            found.append((hidden(str(first)), str(source["sha256"])))
    return tuple(found)


def folder_digest(folder: Path) -> str:
    """Return the sha256 over names and bytes of the files that go into a build; the contract does not."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name in _APART or file.suffix == ".pyc":
            continue
        digest.update(f"{file.relative_to(folder).as_posix()}\0{sha256_of(file)}\0".encode())
    return digest.hexdigest()


def of_all(plans: Sequence[Planned], chosen: Mapping[str, Base]) -> dict[str, MadeOf]:
    """Return cell id → what it is made of, for plans in dependency order; ``chosen`` is platform → base."""
    found: dict[str, MadeOf] = {}
    for planned in plans:
        # what a package for every Python runs with is no part of its bytes
        below = [] if planned.cell.noarch else [found[each].key for each in planned.built_on]
        found[planned.cell.id] = of(planned, chosen[planned.cell.platform], below)
    return found
