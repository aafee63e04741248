"""Which packages the embedded base consists of for a platform, in the order of their making.

For the platform of this machine these are its build tools, its Pythons, a compiler, and the C libraries. For another
one: its C libraries and Pythons, a compiler for it and ``cross-python_PLATFORM``, which run on this machine; and of
this machine's own packages those that they are built with.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from graphlib import TopologicalSorter
from importlib.metadata import version
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from kafka_forge.bases import pythons, rolled_locks, tools, zig
from kafka_forge.bases.nodes import PYTHONS, Node
from kafka_forge.channels import channel
from kafka_forge.engine import engine
from kafka_forge.errors import BaseBuildFailed, BuildFailed, CompilerCacheBroken, SolveFailed, UnsupportedMachine
from kafka_forge.ground.files import Store, sha256_of
from kafka_forge.sources import load_hints
from kafka_forge.values import python_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from kafka_forge.bases.nodes import Site
    from kafka_forge.bases.tools import ToolPackage
    from kafka_forge.values.model import JsonObject
    from kafka_forge.values.rendered import Rendered

_REVISION = 2
"""Goes up whenever this module would build the recipes in another way."""

_TOOLCHAIN = ("cross-python", "sysroot", "zig")
"""Recipes whose packages run on this machine and are for another: one for each ``cross_target_platform``."""

_SYSTEMS = ("linux", "osx", "win")

_CXX_COMPILER = "zig-cxx"
_CXX_SECONDS = 100.0
"""What zig's C++ library takes to compile: one core, whatever the machine has."""


def variants(root: Path) -> tuple[Path, ...]:
    """Return what this base lays over ``recipes/variants.yaml``."""
    return (root / "bootstrap" / "variants.yaml",)


def plan(site: Site) -> tuple[Node, ...]:
    """List every package that is needed for the site's platform, each after those that it needs.

    Raises:
        UnsupportedMachine: there is nothing for the platform.
        LockInvalid, RecipeInvalid: a file under ``bootstrap/`` is broken.
    """
    found: dict[str, Node] = {}
    for package in tools.load(rolled_locks.tools_file(site.root), site.build_platform):
        node = _tool(site, package)
        found[node.id] = node
    if not found:
        raise UnsupportedMachine(
            f"the embedded base has no build tools for {site.build_platform} yet",
            where=str(rolled_locks.tools_file(site.root)),
            todo="take another base with --base, or run on linux-64.",
        )
    for subdir in site.subdirs:
        found[f"{subdir}/{PYTHONS}"] = Node(
            PYTHONS, subdir, "", None, frozenset(), lambda: 60.0, partial(make_pythons, site, subdir)
        )
    rendered = {_id(each.subdir, each.name): each for each in rendered_recipes(site)}
    asked = {name: _needs(site, each, rendered, found) for name, each in sorted(rendered.items())}
    for name in TopologicalSorter({name: sorted(needs & asked.keys()) for name, needs in asked.items()}).static_order():
        found[name] = _recipe(site, rendered[name], frozenset(asked[name]), found)
    return _reachable(site, found)


def make_pythons(site: Site, subdir: str) -> tuple[Path, ...]:
    """Make the Python packages of a platform that are absent; return them."""
    return pythons.ensure(site.root, subdir, wanted_pythons(site, subdir), site.cache, site.progress)


def wanted_pythons(site: Site, subdir: str) -> tuple[str, ...]:
    """Return the Pythons of ``recipes/variants.yaml`` that there are for a platform."""
    return pythons.available(site.root, subdir, variants_pythons(site.root))


def variants_pythons(root: Path) -> tuple[str, ...]:
    """Return all Pythons of ``recipes/variants.yaml``, whether there are any or not."""
    data = YAML(typ="safe").load((root / "recipes" / "variants.yaml").read_text(encoding="utf-8"))
    return tuple(name for each in data["python"] if (name := python_names.named(str(each))))


def _id(subdir: str, name: str) -> str:
    return f"{subdir}/{name}"


def rendered_recipes(site: Site) -> Iterator[Rendered]:
    """Give the rendered recipes: libraries for every platform of the site, the toolchain for its target alone."""
    for recipe in sorted((site.root / "bootstrap" / "recipes").glob("*/recipe.yaml")):
        if recipe.parent.name in _TOOLCHAIN:
            for each in engine.render(recipe.parent, variants(site.root), site.build_platform):
                target = each.variant["cross_target_platform"]
                if target in site.subdirs and each.name != f"cross-python_{site.build_platform}":
                    yield each
        else:
            systems = _extra(recipe.parent).get("systems", _SYSTEMS)
            for subdir in site.subdirs:
                if subdir.partition("-")[0] in systems:
                    yield from engine.render(recipe.parent, variants(site.root), subdir)


def _needs(site: Site, package: Rendered, rendered: Mapping[str, Rendered], found: Mapping[str, Node]) -> set[str]:
    """Return the ids of all that must stand in the channel before a package can be built.

    These are its build and host requirements and what those run with. What it runs with itself may come later.
    """
    needs: set[str] = set()
    seen: set[str] = set()
    waiting = [_id(site.build_platform, name) for name in package.names("build")]
    waiting += [_id(package.platform, name) for name in package.names("host")]
    while waiting:
        name = waiting.pop()
        subdir, _, leaf = name.partition("/")
        if name in seen or leaf.startswith("__"):
            continue
        seen.add(name)
        if name in rendered:
            waiting += [_id(subdir, each) for part in ("host", "run") for each in rendered[name].names(part)]
        elif name not in found:  # neither built here nor a tool
            name = _id(subdir, PYTHONS)
            if leaf == "python":
                waiting += [_id(subdir, each) for each in pythons.libraries_elsewhere(site.root, subdir)]
        needs.add(name)
    return needs


def _reachable(site: Site, found: Mapping[str, Node]) -> tuple[Node, ...]:
    """Keep what the target needs: of this machine's own C libraries only those that its Pythons run with."""
    here, target = site.build_platform, site.platform
    libraries = {_id(here, name) for name in pythons.libraries_elsewhere(site.root, here)}
    roots = {
        name
        for name, node in found.items()
        if node.subdir == target
        or node.name in (PYTHONS, f"cross-python_{target}", f"{_CXX_COMPILER}_{target}")
        or name in libraries
    }
    return closure(tuple(found.values()), roots)


def closure(nodes: Sequence[Node], roots: Collection[str]) -> tuple[Node, ...]:
    """Return those of the nodes that have one of these ids, or are needed by one that has, in their order."""
    by_id, kept, waiting = {node.id: node for node in nodes}, set[str](), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += by_id[name].needs
    return tuple(node for node in nodes if node.id in kept)


def _tool(site: Site, package: ToolPackage) -> Node:
    folder = site.channel / site.build_platform

    def make() -> None:
        tools.make(package, folder=folder, work=site.cache.work, store=Store(site.cache.store), progress=site.progress)
        channel.index(site.channel)

    path = folder / package.filename
    return Node(package.name, site.build_platform, package.build, path, frozenset(), lambda: 5.0, make)


def _recipe(site: Site, rendered: Rendered, needs: frozenset[str], found: Mapping[str, Node]) -> Node:
    system = rendered.variant.get("cross_target_platform", rendered.platform).partition("-")[0]
    parts = [
        _REVISION,
        rendered.filename,
        dict(rendered.variant),
        rendered.digest,
        digest(rendered.recipe_dir, system),
        version("py-rattler-build"),
        version("ziglang"),
        sorted(found[name].key for name in needs),
    ]
    return Node(
        name=rendered.name,
        subdir=rendered.subdir,
        key=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        path=site.channel / rendered.subdir / rendered.filename,
        needs=needs,
        seconds=partial(_seconds, rendered),
        make=partial(_build, site, rendered),
    )


def _seconds(rendered: Rendered) -> float:
    """Return what the recipe says of its own duration: ``extra.seconds``, on two cores."""
    library = _CXX_SECONDS if _is_cxx_compiler(rendered) else 0.0
    return library + float(_extra(rendered.recipe_dir).get("seconds", 1.0))


def _is_cxx_compiler(rendered: Rendered) -> bool:
    return rendered.name.startswith(f"{_CXX_COMPILER}_")


def _extra(folder: Path) -> JsonObject:
    recipe = YAML(typ="safe").load((folder / "recipe.yaml").read_text(encoding="utf-8"))
    extra: JsonObject = recipe.get("extra", {})
    return extra


def digest(folder: Path, system: str) -> str:
    """Return the sha256 of the files that decide a build for ``linux``, ``osx`` or ``win``.

    Left out are ``recipe.yaml``, which counts as it is rendered; ``sources.yaml``, for it does not matter where the
    sources come from; and the folders ``linux/``, ``osx/`` and ``win/`` of the other systems.
    """
    others = {each for each in _SYSTEMS if each != system}
    names = {
        path.relative_to(folder): path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("recipe.yaml", "sources.yaml")
    }
    counted = sorted((name, path) for name, path in names.items() if name.parts[0] not in others)
    lines = [f"{name.as_posix()} {sha256_of(path)}" for name, path in counted]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _build(site: Site, rendered: Rendered) -> None:
    log = site.channel.parent / "logs" / rendered.subdir / f"{rendered.name}.log"
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
    except CompilerCacheBroken:
        raise
    except (BuildFailed, SolveFailed) as error:
        raise BaseBuildFailed(
            f"{rendered.name} for {rendered.platform}, which the embedded base needs, could not be built: {error.what}",
            where=error.where,
            details=error.details,
            todo="read the log named above; or take another base with --base.",
        ) from error
    if _is_cxx_compiler(rendered):
        zig.compile_cxx_library(rendered.variant["cross_target_platform"], site.cache)
