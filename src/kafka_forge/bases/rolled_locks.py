"""Which of the base's locked Debian packages others stand for in a cache, see `kafka_forge.sources.rolling`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.bases import tools
from kafka_forge.bases.python_locks import Interpreters, Libraries, load
from kafka_forge.ground.files import Store
from kafka_forge.sources import rolling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kafka_forge.bases.nodes import Site
    from kafka_forge.bases.python_locks import DebianPython


def of_base(site: Site, pythons: Collection[str]) -> tuple[str, ...]:
    """Return in words what stands for locked packages in the base of a platform, with these Pythons.

    Raises:
        LockGone: ``--strict-locks`` was given, and something does that is not a Python's own.
        LockInvalid: a lock cannot be read.
    """
    store = Store(site.cache.store)
    shared = tuple(_shared(site))
    rolling.forbid("the base", site.channel, shared, store)
    return rolling.among((*shared, *_pythons(site, pythons)), store)


def sums(python: DebianPython) -> Iterator[str]:
    """Give the sha256 sums of all packages that one of Debian's Pythons is made of."""
    yield from (deb.sha256 for deb in (*python.debs, *python.libraries.values()))


def _pythons(site: Site, pythons: Collection[str]) -> Iterator[str]:
    for interpreter in load(Interpreters, site.root).interpreters:
        for subdir in site.subdirs:
            if interpreter.python in pythons and subdir in interpreter.debian:
                yield from sums(interpreter.debian[subdir])


def _shared(site: Site) -> Iterator[str]:
    for library in load(Libraries, site.root).libraries:
        for subdir in site.subdirs:
            yield from (deb.sha256 for deb in library.debs.get(subdir, ()))
            if subdir in library.headers:
                yield library.headers[subdir].sha256
    for package in tools.load(tools_file(site.root), site.build_platform):
        yield from package.sums


def tools_file(root: Path) -> Path:
    """Return where the build tools are locked."""
    return root / "bootstrap" / "tools.yaml"
