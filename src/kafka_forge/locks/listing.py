"""Every file that something of this project names by its sha256, and who does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.bases import graph, tools
from kafka_forge.bases.nodes import Site
from kafka_forge.bases.python_locks import Beside, Interpreters, Libraries, VcRuntime, Wheels, load
from kafka_forge.brokers import locks
from kafka_forge.brokers.kerberos import java
from kafka_forge.engine import drafting, engine
from kafka_forge.ground.progress import Silent
from kafka_forge.planning import plan
from kafka_forge.sources import Source, load_hints
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.bases.python_locks import DebianPython, Sdist, Wheel
    from kafka_forge.ground.paths import Cache

_TOOLS = ("tools.yaml", "oldest.yaml", "emulators.yaml")
_TESTS = "tests/integration/data"
"""What only tests run, in the format of tools.yaml: beside them, as the base's key is made of all of bootstrap/."""
_OF_TESTS = ("browser.yaml", "debug_python.yaml")


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked file.

    Attributes:
        lock: the file that names it, from the checkout's root, with ``/``.
        source: its sha256 and the places where it may be had.
        serves: what is refused without it: a platform, a Python, a version of Kafka; empty for all.
    """

    lock: str
    source: Source
    serves: str = ""


def everything(root: Path, cache: Cache) -> tuple[Locked, ...]:
    """Return every locked file of a checkout once, in the order of the locks.

    Raises:
        LockInvalid, RecipeInvalid: one of them cannot be read.
    """
    found: dict[tuple[str, str], Locked] = {}
    for each in _all(root, cache):
        found.setdefault((each.source.sha256, each.source.name), each)
    return tuple(found.values())


def _all(root: Path, cache: Cache) -> Iterator[Locked]:
    yield from _recipes(root)
    yield from _base_recipes(root, cache)
    yield from _pythons(root)
    for name in _TOOLS:
        yield from _tools(f"bootstrap/{name}", root / "bootstrap" / name)
    for name in _OF_TESTS:
        yield from _tools(f"{_TESTS}/{name}", root / _TESTS / name)
    yield from _brokers()


def _recipes(root: Path) -> Iterator[Locked]:
    for name in plan.recipe_names(root):
        folder = root / "recipes" / name
        hints = load_hints(folder / "sources.yaml")
        variants = (root / "recipes" / "variants.yaml", root / "bootstrap" / "variants.yaml")
        for rendered in engine.render(folder, variants, "linux-64"):
            for source in drafting.sources_of(rendered, hints):
                yield Locked(f"recipes/{name}/recipe.yaml", source)


def _base_recipes(root: Path, cache: Cache) -> Iterator[Locked]:
    for platform in PLATFORMS:
        for rendered in graph.rendered_recipes(Site(platform, root, cache, Silent())):
            hints = load_hints(rendered.recipe_dir / "sources.yaml")
            for source in (*drafting.sources_of(rendered, hints), *drafting.stand_ins_of(rendered, hints)):
                yield Locked(f"bootstrap/recipes/{rendered.recipe_dir.name}/recipe.yaml", source)


def _pythons(root: Path) -> Iterator[Locked]:
    file = "bootstrap/python/interpreters.json"
    interpreters = load(Interpreters, root)
    for each in interpreters.interpreters:
        for platform in sorted(each.platforms):
            serves = f"Python {each.python} on {platform}"
            if platform in each.debian:
                yield from (Locked(file, source, serves) for source in _debian(each.debian[platform]))
            else:
                yield Locked(file, each.source(platform), serves)
    modules = interpreters.modules_source
    yield Locked(file, Source(modules.file, interpreters.modules_source_sha256, providers=(modules,)))
    file = "bootstrap/python/libraries.json"
    for library in load(Libraries, root).libraries:
        for platform, debs in library.debs.items():
            headers = [library.headers[platform]] if platform in library.headers else []
            yield from (Locked(file, deb.source(), platform) for deb in [*debs, *headers])
    file = "bootstrap/python/wheels.json"
    yield from _wheels(file, load(Wheels, root))
    for group in load(Beside, root).groups.values():
        yield from _wheels("bootstrap/python/beside.json", group)
    yield Locked("bootstrap/python/vcruntime.json", load(VcRuntime, root).wheel.source(), "win-64")


def _wheels(file: str, lock: Wheels) -> Iterator[Locked]:
    yield from (Locked(file, wheel.source()) for wheel in lock.pure)
    for platform in PLATFORMS:
        files: tuple[Wheel | Sdist, ...] = (*lock.binary.get(platform, ()), *lock.sdists.get(platform, ()))
        for one in files:
            serves = f"Python {', '.join(one.pythons)} on {platform}" if one.pythons else platform
            yield Locked(file, one.source(), serves)


def _debian(python: DebianPython) -> Iterator[Source]:
    for deb in (*python.debs, *python.libraries.values()):
        yield deb.source()
    upstream = python.upstream_source()
    if upstream is not None:
        yield upstream


def _tools(file: str, path: Path) -> Iterator[Locked]:
    for platform in PLATFORMS:
        for package in tools.load(path, platform):
            for archive in package.tool.platforms[platform]:
                source = Source(f"{package.name}: {archive.place.where}", archive.sha256, providers=(archive.place,))
                yield Locked(file, source, f"{package.name} on {platform}")


def _brokers() -> Iterator[Locked]:
    folder = "src/kafka_forge/brokers/locks"
    javas = set()
    for version in locks.versions():
        lock = locks.kafka(version)
        javas.add(lock.java)
        yield from (Locked(f"{folder}/kafka-{version}.json", jar.source, f"Kafka {version}") for jar in lock.jars)
    for release in sorted(javas):
        wheels = locks.java(release)
        for platform, wheel in wheels.wheels.items() if wheels else ():
            yield Locked(f"{folder}/java-{release}.json", wheel.source, f"Java {release} on {platform}")
    yield from (Locked(f"{folder}/kdc.json", jar.source, "--sasl gssapi") for jar in locks.kdc().jars)
    yield from _tools(f"{folder}/{java.LOCK.name}", java.LOCK)
