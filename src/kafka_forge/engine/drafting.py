"""A build's own copy of a recipe, whose sources lie on this machine."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from kafka_forge import sources
from kafka_forge.errors import RecipeInvalid, SourceUnreachable
from kafka_forge.ground import archives
from kafka_forge.ground.files import Store

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.sources import Hints, Source
    from kafka_forge.values.model import JsonObject
    from kafka_forge.values.rendered import Rendered

_UNKNOWN = (".7z",)
"""What rattler-build unpacks, and `kafka_forge.ground.archives` does not."""
_ADDRESSES = ("https:", "http:", "ftp:", "file:")


def sources_of(rendered: Rendered, hints: Hints) -> tuple[Source, ...]:
    """Return the sources of a recipe that have a URL, with the other places that the hints know.

    Raises:
        RecipeInvalid: one of them has no sha256.
    """
    return tuple(_source(rendered, source, hints) for source in rendered.sources if "url" in source)


def stand_ins_of(rendered: Rendered, hints: Hints) -> tuple[Source, ...]:
    """Return what may stand in for a recipe's archive where no place has that one; errors as above."""
    return tuple(_source(rendered, source, hints) for source in rendered.stand_ins)


def _source(rendered: Rendered, source: JsonObject, hints: Hints) -> Source:
    urls = [source["url"]] if isinstance(source["url"], str) else list(source["url"])
    if "sha256" not in source:
        raise RecipeInvalid(
            f"a source of {rendered.name} has no sha256",
            where=str(rendered.recipe_dir / "recipe.yaml"),
            details=urls,
            todo="add the sha256 of the file: only it says which bytes are meant.",
        )
    name = re.split("[/:]", urls[0])[-1]
    # An URL like `debian:name.tar.gz` is a name and no address: only the hints know such bytes.
    addresses = tuple(url for url in urls if url.startswith(_ADDRESSES))
    return sources.Source(name, source["sha256"], addresses, hints.get(source["sha256"], ()))


def place_sources(
    rendered: Rendered, folder: Path, cache: Cache, hints: Hints, progress: Progress
) -> tuple[JsonObject, ...]:
    """Obtain a recipe's sources below a folder; return them as rendered, with the local copy's URL before the others.

    Where no place has the recipe's archive, the first stand-in that can be had is there in its place.

    Raises:
        RecipeInvalid: one of them has no sha256, or there is a stand-in and it is not clear for which archive.
        SourceUnreachable, ChecksumMismatch: as `sources.obtain`.
        ArchiveRefused, ArchiveDamaged: an archive may not be unpacked, or is not whole.
    """
    if rendered.stand_ins and len(rendered.sources) != 1:
        raise RecipeInvalid(
            f"{rendered.name} has stand-ins and {len(rendered.sources)} sources",
            where=str(rendered.recipe_dir / "recipe.yaml"),
            todo="name one source, or take extra.stand_ins out: a stand-in is for the only one.",
        )
    store = Store(cache.store)
    folder.mkdir(parents=True)
    placed = []
    for number, source in enumerate(rendered.sources):
        if "url" not in source:
            placed.append(source)
            continue
        given, wanted, file = _obtained(rendered, source, hints, store, progress)
        _check(file, wanted, rendered)
        # The engine unpacks by the file's name, which the store does not keep.
        local = folder / str(number) / wanted.name
        local.parent.mkdir()
        local.symlink_to(file)
        placed.append({**given, "url": [local.as_uri(), *wanted.urls]})
    return tuple(placed)


def _check(file: Path, source: Source, rendered: Rendered) -> None:
    """Look at all members of an archive before the engine unpacks it."""
    if source.name.endswith(_UNKNOWN):
        raise RecipeInvalid(
            f"{source.name} is an archive of a kind that nothing here looks into before the engine unpacks it",
            where=str(rendered.recipe_dir / "recipe.yaml"),
            todo="name the same source as a tar or a zip.",
        )
    if archives.format_of(file):
        archives.check(file)


def _obtained(
    rendered: Rendered, source: JsonObject, hints: Hints, store: Store, progress: Progress
) -> tuple[JsonObject, Source, Path]:
    wanted = _source(rendered, source, hints)
    try:
        return source, wanted, sources.obtain(wanted, store, progress)
    except SourceUnreachable as error:
        answers = [*error.details]
        for stand_in in rendered.stand_ins:
            other = _source(rendered, stand_in, hints)
            try:
                file = sources.obtain(other, store, progress)
            except SourceUnreachable as no:
                answers += no.details
            else:
                progress.say(f"no place has {wanted.name}: {other.name} stands in for it")
                return stand_in, other, file
        raise SourceUnreachable(error.what, where=error.where, details=answers, todo=error.todo) from error


def draft(rendered: Rendered, placed: tuple[JsonObject, ...], folder: Path, stamp: int) -> Path:
    """Copy the recipe's folder and put the sources as they are now into it.

    The recipe itself keeps the upstream URLs; a build's copy is the only one that knows this machine's paths. For
    Windows the engine has no list of the system's own libraries: the copy names them. The script is told the time of
    what it builds, in seconds since 1970, in the place of the engine's own clock.
    """
    from ruamel.yaml import YAML

    shutil.copytree(rendered.recipe_dir, folder)
    recipe = folder / "recipe.yaml"
    yaml = YAML()
    yaml.width = 100_000
    data = yaml.load(recipe.read_text(encoding="utf-8"))
    for part in (data, *(data.get("outputs") or ())):
        part.pop("source", None)
        if rendered.platform.startswith("win-") and (part is data or "build" in part):
            from kafka_forge.platforms.windows_libraries import patterns

            linking = part.setdefault("build", {}).setdefault("dynamic_linking", {})
            linking["missing_dso_allowlist"] = [*linking.get("missing_dso_allowlist", ()), *patterns()]
    _date(data, stamp)
    if placed:
        data["source"] = list(placed)
    with recipe.open("w", encoding="utf-8") as stream:
        yaml.dump(data, stream)
    return recipe


def _date(data: JsonObject, stamp: int) -> None:
    """Name ``SOURCE_DATE_EPOCH`` to a recipe's script, whichever way that is written (CEP 14)."""
    script = data.get("build", {}).get("script")
    if script is None:
        return
    if not isinstance(script, dict):
        script = {"content": script}
        # a comment above the first line of a list hangs on the key above it, and would stand between two keys
        data["build"].ca.items.pop("script", None)
    script["env"] = {**script.get("env", {}), "SOURCE_DATE_EPOCH": str(stamp)}
    data["build"]["script"] = script
