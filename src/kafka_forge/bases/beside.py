"""Packages of the embedded base that only a few recipes need: made when one of these recipes is to be built.

They stand in the same channel as the rest, and are no part of its fingerprint: so whoever builds none of these recipes
fetches none of them, and nothing is built anew when they change. What they are is in ``bootstrap/python/beside.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.bases import home, pythons
from kafka_forge.bases.python_locks import Beside, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.channels import channel
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress


def lacking(root: Path) -> dict[str, dict[str, str]]:
    """Return platform → recipe → why the embedded base has not got what the recipe needs there.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    found: dict[str, dict[str, str]] = {platform: {} for platform in PLATFORMS}
    for name, group in load(Beside, root).groups.items():
        for platform in set(PLATFORMS) - group.binary.keys():
            for recipe in group.recipes:
                there = ", ".join(group.binary)
                why = f"the embedded base has the packages of {name!r} (bootstrap/python/beside.json) for {there} only"
                found[platform].setdefault(recipe, why)
    return found


def ensure(root: Path, platform: str, recipes: Collection[str], cache: Cache, progress: Progress) -> tuple[Path, ...]:
    """Make what these recipes need beside the base and the channel lacks; the channel is indexed if that is anything.

    Safe against other processes doing the same.

    Args:
        root: the checkout.
        platform: the conda subdir; nothing is made for one that the lock does not name.
        recipes: the recipes that are to be built.
        cache: where the channel and the store are.
        progress: who listens.

    Returns:
        The files that were made now.

    Raises:
        LockInvalid: a lock cannot be read, or is not closed.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining the locked files.
        DiskFull, NotWritable: the file system refuses.
    """
    lock = load(Beside, root)
    wanted = [name for name, group in lock.groups.items() if platform in group.binary and {*group.recipes} & {*recipes}]
    if not wanted:
        return ()
    shop = Workshop(platform, root, cache, progress)
    folder = home.provide(cache, root)
    with FileLock(folder.parent / ".lock"):
        made: tuple[Path, ...] = ()
        for name in wanted:
            there = pythons.available(root, platform, lock.groups[name].pythons)
            products = pythons.of_group(shop, there, lock, name)
            pythons.remove_stale(shop, products, products)
            made += pythons.make_all([each for each in products if not each.path.is_file()], progress)
        if made or channel.is_stale(folder):
            channel.index(folder)
    return made
