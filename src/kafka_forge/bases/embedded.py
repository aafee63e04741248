"""The embedded base channel: made on this machine, on first need, from what package registries have.

Three kinds of packages stand in it: build tools (`tools`), Python and what it needs (`pythons`), and what the recipes
under ``bootstrap/recipes`` build from source with zig. Each has a key, the hash of all that decides its bytes; what
stands in the channel under its key is never made again, and a change makes anew only what depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from filelock import FileLock
from ruamel.yaml import YAML

from kafka_forge import channel, engine, memory, processes
from kafka_forge.bases import pythons, tools
from kafka_forge.errors import BaseBuildFailed, BuildFailed, SolveFailed, UnsupportedMachine
from kafka_forge.files import Store, explain_os_errors, sha256_of, write_text_atomic
from kafka_forge.model import Base
from kafka_forge.paths import project_root
from kafka_forge.sources import load_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kafka_forge.bases.tools import ToolPackage
    from kafka_forge.engine import Rendered
    from kafka_forge.paths import Cache
    from kafka_forge.progress import Progress

_REVISION = 1
"""Goes up whenever this module would build the recipes in another way."""

_PYTHONS = "pythons"
_SIDE_BY_SIDE = 3
"""Two compiles, and beside them the Pythons, which mostly wait for the network."""


@dataclass(frozen=True, slots=True)
class Node:
    """One package to be (or all Pythons together), what it needs here, and what makes it.

    Attributes:
        name: the package's name.
        key: the hash of everything that decides its bytes.
        path: where it will stand; None for the Pythons.
        needs: names of the nodes that must be made before it.
        seconds: tells about how long it takes, and is asked only if it must be made: the longest chain is begun first.
        make: makes it.
    """

    name: str
    key: str
    path: Path | None
    needs: frozenset[str]
    seconds: Callable[[], float]
    make: Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Site:
    """What every package is made with."""

    platform: str
    root: Path
    cache: Cache
    progress: Progress

    @property
    def channel(self) -> Path:
        return self.cache.base / "channel"

    def note(self, node: Node) -> Path:
        """Where the key of a package that stands in the channel is written."""
        return self.cache.base / "keys" / self.platform / f"{node.name}.json"

    def stands(self, node: Node) -> bool:
        """Whether the channel has this very package."""
        if node.path is None or not node.path.is_file():
            return False
        try:
            note = json.loads(self.note(node).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(note == {"key": node.key, "file": node.path.name, "size": node.path.stat().st_size})

    def keep(self, node: Node) -> None:
        """Write down that the channel has this package, and take out the one that stood there before."""
        if node.path is None:
            return
        for old in node.path.parent.glob(f"{node.name}-*.conda"):
            if old.name.rsplit("-", 2)[0] == node.name and old != node.path:
                old.unlink(missing_ok=True)
        note = {"key": node.key, "file": node.path.name, "size": node.path.stat().st_size}
        write_text_atomic(self.note(node), json.dumps(note) + "\n")


def variants(root: Path) -> tuple[Path, ...]:
    """Return what this base lays over ``recipes/variants.yaml``."""
    return (root / "bootstrap" / "variants.yaml",)


def ensure(platform: str, cache: Cache, progress: Progress, reason: str = "it was asked for") -> Base:
    """Make what the embedded base lacks for a platform, and return the base.

    Safe against other processes doing the same: one makes, the others wait. Interrupted at any moment, nothing
    half-made stands in the channel, and the next run goes on where this one was.

    Raises:
        UnsupportedMachine: the base has no compiler or tools for the platform.
        BaseBuildFailed: a package could not be built; ``where`` is its log.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining the sources.
        LockInvalid, RecipeInvalid: a file under ``bootstrap/`` is broken.
        DiskFull, NotWritable: the file system refuses.
    """
    site = _Site(platform, project_root(), cache, progress)
    nodes = plan(site)
    with explain_os_errors(cache.base):
        cache.base.mkdir(parents=True, exist_ok=True)
    if any(not site.stands(node) for node in nodes if node.path):
        with FileLock(cache.base / ".lock"):
            _make(site, nodes)
    else:
        nodes_of_pythons(site)
        if channel.is_stale(site.channel):
            channel.index(site.channel)
    return Base(
        name="embedded",
        channel=site.channel.as_uri(),
        variants=variants(site.root),
        reason=reason,
        fingerprint=_fingerprint(site, nodes),
    )


def nodes_of_pythons(site: _Site) -> tuple[Path, ...]:
    """Make the Python packages that are absent; return them."""
    return pythons.ensure(site.platform, _pythons(site.root), site.cache, site.progress)


def _pythons(root: Path) -> tuple[str, ...]:
    """Return the Pythons of ``recipes/variants.yaml``: ``3.12.* *_cpython`` is ``3.12``."""
    data = YAML(typ="safe").load((root / "recipes" / "variants.yaml").read_text(encoding="utf-8"))
    return tuple(".".join(str(each).split(".")[:2]) for each in data["python"])


def plan(site: _Site) -> tuple[Node, ...]:
    """List every package of the base, each after those that it needs.

    Raises:
        UnsupportedMachine: there is nothing for the platform.
        LockInvalid, RecipeInvalid: a file under ``bootstrap/`` is broken.
    """
    found = {package.name: _tool(site, package) for package in tools.load(_tools_file(site), site.platform)}
    found[_PYTHONS] = Node(_PYTHONS, "", None, frozenset(), lambda: 60.0, partial(nodes_of_pythons, site))
    rendered = {each.name: each for each in _rendered(site)}
    if len(found) == 1 or not rendered:
        raise UnsupportedMachine(
            f"the embedded base has no compiler and tools for {site.platform} yet",
            where=str(_tools_file(site)),
            todo="take another base with --base, or run on linux-64.",
        )
    for name in _ordered(rendered):
        needs = frozenset(each if each in found else _PYTHONS for each in _needs(rendered[name], rendered))
        found[name] = _recipe(site, rendered[name], needs, found)
    return tuple(found.values())


def _tools_file(site: _Site) -> Path:
    return site.root / "bootstrap" / "tools.yaml"


def _rendered(site: _Site) -> Iterator[Rendered]:
    for recipe in sorted((site.root / "bootstrap" / "recipes").glob("*/recipe.yaml")):
        yield from engine.render(recipe.parent, variants(site.root), site.platform)


def _ordered(rendered: Mapping[str, Rendered]) -> list[str]:
    from graphlib import TopologicalSorter

    needs = {name: sorted(each.requires & rendered.keys() - {name}) for name, each in sorted(rendered.items())}
    return list(TopologicalSorter(needs).static_order())


def _needs(package: Rendered, rendered: Mapping[str, Rendered]) -> set[str]:
    """Return the names of all that must stand in the channel before a package can be built.

    These are its build and host requirements and what those run with. What it runs with itself may come later.
    """
    needs: set[str] = set()
    waiting = [*package.names("build"), *package.names("host")]
    while waiting:
        name = waiting.pop()
        if name not in needs and not name.startswith("__"):
            needs.add(name)
            if name in rendered:
                waiting += [*rendered[name].names("host"), *rendered[name].names("run")]
    return needs


def _tool(site: _Site, package: ToolPackage) -> Node:
    def make() -> None:
        tools.make(
            package,
            folder=site.channel / site.platform,
            work=site.cache.work,
            store=Store(site.cache.store),
            progress=site.progress,
        )
        channel.index(site.channel)

    path = site.channel / site.platform / package.filename
    return Node(package.name, package.build, path, frozenset(), lambda: 5.0, make)


def _recipe(site: _Site, rendered: Rendered, needs: frozenset[str], found: Mapping[str, Node]) -> Node:
    parts = [
        _REVISION,
        rendered.filename,
        dict(rendered.variant),
        _digest(rendered.recipe_dir),
        version("py-rattler-build"),
        version("ziglang"),
        sorted(found[name].key for name in needs),
    ]
    return Node(
        name=rendered.name,
        key=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        path=site.channel / rendered.subdir / rendered.filename,
        needs=needs,
        seconds=partial(_seconds, rendered),
        make=partial(_build, site, rendered),
    )


def _seconds(rendered: Rendered) -> float:
    """Return what the recipe says of its own duration: ``extra.seconds``, on two cores."""
    recipe = YAML(typ="safe").load((rendered.recipe_dir / "recipe.yaml").read_text(encoding="utf-8"))
    return float(recipe.get("extra", {}).get("seconds", 1.0))


def _digest(folder: Path) -> str:
    """Return the sha256 of the files that decide a build; where else its sources may be had does not."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "sources.yaml")
    lines = [f"{path.relative_to(folder).as_posix()} {sha256_of(path)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _build(site: _Site, rendered: Rendered) -> None:
    log = site.cache.base / "logs" / f"{rendered.name}.log"
    try:
        engine.build(
            rendered,
            channels=[site.channel.as_uri()],
            channel_dir=site.channel,
            log=log,
            cache=site.cache,
            hints=load_hints(rendered.recipe_dir / "sources.yaml"),
            progress=site.progress,
            # OpenSSL, Kerberos and SASL have their folders' names in them; conda rewrites those on installation.
            error_prefix_in_binary=False,
            # What it runs with may still be in the making.
            solved=("build", "host"),
        )
    except (BuildFailed, SolveFailed) as error:
        raise BaseBuildFailed(
            f"{rendered.name}, which the embedded base needs, could not be built: {error.what}",
            where=error.where,
            details=error.details,
            todo="read the log named above; or take another base with --base.",
        ) from error


def _make(site: _Site, nodes: Sequence[Node]) -> None:
    """Make what does not stand in the channel, side by side, the longest chain first."""
    memory.few_arenas()
    channel.prepare(site.channel)
    waiting = {node.name: node for node in nodes if not site.stands(node)}
    if not waiting.keys() - {_PYTHONS}:  # another process made it while this one waited
        nodes_of_pythons(site)
        channel.index(site.channel)
        return
    priority = _chains(nodes)
    running: dict[Future[None], str] = {}
    jobs = min(_SIDE_BY_SIDE, (os.cpu_count() or 1) + 1)
    with site.progress.task("embedded base", total=len(waiting)) as task, ThreadPoolExecutor(jobs) as pool:

        def one(node: Node) -> None:
            if processes.ending():
                raise KeyboardInterrupt
            with site.progress.task(f"base: {node.name}"):
                node.make()
            if node.path is None:
                channel.index(site.channel)
            site.keep(node)
            memory.give_back()

        try:
            while waiting or running:
                busy = waiting.keys() | set(running.values())
                ready = [node for node in waiting.values() if not node.needs & busy]
                ready.sort(key=lambda node: -priority[node.name])
                for node in ready[: jobs - len(running)]:
                    running[pool.submit(one, waiting.pop(node.name))] = node.name
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    del running[future]
                    future.result()
                    task.advance()
        except KeyboardInterrupt:
            processes.end_all()  # else leaving the pool would wait for the compilers
            raise
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)  # what is being built may finish, and is kept
            raise
    channel.index(site.channel)


def _chains(nodes: Sequence[Node]) -> dict[str, float]:
    """Return for each node how long it and the longest chain of nodes that wait for it take."""
    chains: dict[str, float] = {}
    for node in reversed(nodes):
        above = [chains[other.name] for other in nodes if node.name in other.needs and other.name in chains]
        chains[node.name] = node.seconds() + max(above, default=0.0)
    return chains


def _fingerprint(site: _Site, nodes: Sequence[Node]) -> str:
    """Return the hash of all keys; the Pythons' are in their file names."""
    files = sorted(
        path.name for subdir in (site.platform, "noarch") for path in (site.channel / subdir).glob("*.conda")
    )
    return hashlib.sha256(json.dumps([[node.key for node in nodes], files]).encode()).hexdigest()
