"""The embedded base channel: made on this machine, on first need, from what package registries have.

Three kinds of packages stand in it: build tools (`tools`), Python and what it needs (`pythons`), and what the recipes
under ``bootstrap/recipes`` build from source with zig (`graph`). Each has a key, the hash of all that decides its
bytes; what stands in the channel under its key is never made again, and a change makes anew only what depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.bases import graph, home, pythons, rolled_locks
from kafka_forge.bases.graph import variants
from kafka_forge.bases.nodes import Site
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.channels import channel
from kafka_forge.ground import memory, processes, side_by_side
from kafka_forge.ground.paths import project_root
from kafka_forge.values.model import PLATFORMS, Base

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future
    from pathlib import Path

    from kafka_forge.bases.nodes import Node
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

__all__ = ["ensure", "lacking", "variants"]

_UNKNOWN = (
    "its locks do not name it; name it in bootstrap/python/wanted.yaml, as one that there is or as one that is absent, "
    "and run python -m kafka_forge.bases.relock --keep"
)

_SIDE_BY_SIDE = 3
"""Two compiles, and beside them the Pythons, which mostly wait for the network."""


def ensure(
    platform: str,
    cache: Cache,
    progress: Progress,
    reason: str = "it was asked for",
    *,
    only: Collection[str] | None = None,
) -> Base:
    """Make what the embedded base lacks for a platform, and return the base.

    For a platform that is not this machine's, that is also what this machine needs to build for it.

    Safe against other processes doing the same: one makes, the others wait. Interrupted at any moment, nothing
    half-made stands in the channel, and the next run goes on where this one was.

    Args:
        platform: the conda subdir that is to be built for.
        cache: where the channel stands.
        progress: told what is being made.
        reason: why this base was taken, for the report.
        only: ids (``linux-aarch64/zlib``) to which it is narrowed, with what they are built with; None is all.

    Raises:
        UnsupportedMachine: the base has no compiler or tools for the platform.
        BaseBuildFailed: a package could not be built; ``where`` is its log.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining the sources.
        LockInvalid, RecipeInvalid: a file under ``bootstrap/`` is broken.
        LockGone: nothing stands for a locked file that every mirror has forgotten, or may not (``--strict-locks``).
        DiskFull, NotWritable: the file system refuses.
    """
    site = Site(platform, project_root(), cache, progress)
    nodes = graph.plan(site)
    if only is not None:
        nodes = graph.closure(nodes, only)
    home.provide(cache, site.root)
    if any(not site.stands(node) for node in nodes if node.path):
        with FileLock(site.channel.parent / ".lock"):
            _make(site, nodes)
    else:
        _make_pythons(nodes)
        if channel.is_stale(site.channel):
            channel.index(site.channel)
    wanted = graph.wanted_pythons(site, platform)
    rolled = rolled_locks.of_base(site, wanted)
    return Base(
        name="embedded",
        channel=site.channel.as_uri(),
        variants=variants(site.root),
        reason=reason,
        fingerprint=_fingerprint(site, nodes, rolled),
        fingerprint_noarch=_fingerprint_noarch(site, rolled),
        gone=pythons.gone(site.root, platform, wanted, cache),
        rolled=rolled,
    )


def lacking(root: Path) -> dict[str, dict[str, str]]:
    """Return platform → Python → why no registry has it, or why this base does not know it.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    lock = load(Interpreters, root)
    known = {each.python for each in lock.interpreters}
    unknown = {python: _UNKNOWN for python in graph.variants_pythons(root) if python not in known}
    return {platform: {**unknown, **lock.absent.get(platform, {})} for platform in PLATFORMS}


def _make_pythons(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.path is None:
            node.make()


def _make(site: Site, nodes: Sequence[Node]) -> None:
    """Make what does not stand in the channel, side by side, the longest chain first."""
    memory.few_arenas()
    channel.prepare(site.channel)
    waiting = {node.id: node for node in nodes if not site.stands(node)}
    if not any(node.path for node in waiting.values()):  # another process made it while this one waited
        _make_pythons(nodes)
        channel.index(site.channel)
        return
    priority = _chains(nodes)

    def ready(running: AbstractSet[str]) -> list[str]:
        busy = waiting.keys() | running
        free = [node.id for node in waiting.values() if not node.needs & busy]
        return sorted(free, key=lambda name: -priority[name])

    def one(node: Node) -> None:
        if processes.ending():
            raise KeyboardInterrupt
        with site.progress.task(f"base: {node.id}"):
            node.make()
        if node.path is None:
            channel.index(site.channel)
        site.keep(node)
        memory.give_back()

    def take(_: str, future: Future[None]) -> None:
        future.result()
        task.advance()

    with site.progress.task("embedded base", total=len(waiting)) as task:
        side_by_side.run(waiting, ready, one, take, min(_SIDE_BY_SIDE, (os.cpu_count() or 1) + 1))
    channel.index(site.channel)


def _chains(nodes: Sequence[Node]) -> dict[str, float]:
    """Return for each node how long it and the longest chain of nodes that wait for it take."""
    chains: dict[str, float] = {}
    for node in reversed(nodes):
        above = [chains[other.id] for other in nodes if node.id in other.needs and other.id in chains]
        chains[node.id] = node.seconds() + max(above, default=0.0)
    return chains


def _fingerprint(site: Site, nodes: Sequence[Node], rolled: Sequence[str]) -> str:
    """Return the hash of all that the packages for a platform can be built on."""
    named = [_packages_of_pythons(site, subdir) for subdir in site.subdirs]
    return _hash([sorted((node.id, node.key) for node in nodes), named, rolled])


def _fingerprint_noarch(site: Site, rolled: Sequence[str]) -> str:
    """Return the hash of what a package for all platforms can be built on: Python and wheels of this machine."""
    return _hash([_packages_of_pythons(site, site.build_platform), rolled])


def _packages_of_pythons(site: Site, subdir: str) -> list[str]:
    """Return the file names of a platform's Python packages; what they are made from is in their build strings."""
    return sorted(pythons.file_names(site.root, subdir, graph.wanted_pythons(site, subdir)))


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
