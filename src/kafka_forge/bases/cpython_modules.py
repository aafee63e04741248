"""The modules of the standard library that some jars lack, compiled from CPython's own source with zig.

The jars of 3.11 were made on a system without the headers of xz and SQLite, so they have no ``_lzma`` (which installers
need) and no ``_sqlite3``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.bases import debian_libraries, zig
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind
from kafka_forge.sources import Source

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kafka_forge.bases.python_locks import Interpreters, Libraries, Library
    from kafka_forge.bases.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Module:
    """One extension module.

    Attributes:
        name: as it is imported.
        sources: `PurePath.match` patterns in CPython's source.
        library: the package of the lock that it links with.
    """

    name: str
    sources: tuple[str, ...]
    library: str


MODULES = (
    Module("_lzma", ("Modules/_lzmamodule.c", "Modules/clinic/_lzmamodule.c.h"), "liblzma"),
    Module("_sqlite3", ("Modules/_sqlite/*", "Modules/_sqlite/clinic/*"), "libsqlite"),
)
_SERVED = ("3.11",)
"""The Pythons that the source serves; others stay without the modules that their jars lack."""


def source_of(lock: Interpreters) -> Source:
    """Return where CPython's source is to be had."""
    return Source(lock.modules_source.file, lock.modules_source_sha256, providers=(lock.modules_source,))


def add_missing(
    tree: Path,
    python: str,
    absent: Collection[str],
    *,
    lock: Interpreters,
    libraries: Libraries,
    room: Path,
    shop: Workshop,
) -> tuple[str, ...]:
    """Compile those absent modules that we know how to compile into the staged prefix.

    Args:
        tree: the staged prefix; gives the headers, gets the modules.
        python: ``"3.11"``.
        absent: names of modules that the jar lacks.
        lock: names the source.
        libraries: the lock of libraries, some with headers.
        room: a temporary folder.
        shop: for which platform, and where the inputs come from.

    Returns:
        The names of the modules added.

    Raises:
        BaseBuildFailed: a module does not compile.
        SourceUnreachable, ChecksumMismatch: from obtaining an input.
    """
    wanted = [module for module in MODULES if module.name in absent and python in _SERVED]
    if not wanted or not shop.platform.startswith("linux-"):
        return ()
    source = room / "source"
    _unpack(shop.obtain(source_of(lock)), source, [pattern for module in wanted for pattern in module.sources])
    by_name = {library.name: library for library in libraries.libraries}
    for module in wanted:
        shelf = room / module.library
        _take_library(by_name[module.library], shelf, shop)
        _compile(module, tree, python, source, shelf, shop)
    return tuple(module.name for module in wanted)


def _unpack(archive: Path, folder: Path, patterns: Collection[str]) -> None:
    for member in archives.entries(archive):
        name = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # without "Python-<version>/"
        if member.kind is Kind.FILE and any(PurePosixPath("/", name).match(f"/{pattern}") for pattern in patterns):
            member.save(folder / name)


def _take_library(library: Library, shelf: Path, shop: Workshop) -> None:
    debian_libraries.take_headers(shop.obtain(library.headers[shop.platform].source()), shelf / "include")
    for deb in library.debs[shop.platform]:
        debian_libraries.take_libraries(deb, shop.obtain(deb.source()), shelf)


def _compile(module: Module, tree: Path, python: str, source: Path, shelf: Path, shop: Workshop) -> None:
    headers = tree / "include" / f"python{python}"
    files = sorted(path for pattern in module.sources for path in source.glob(pattern) if path.suffix == ".c")
    library = next(path for path in sorted((shelf / "lib").iterdir()) if not path.is_symlink())
    dynload = tree / "lib" / f"python{python}" / "lib-dynload"
    suffix = next(dynload.glob("_ssl.*.so")).name.partition(".")[2]
    flags = ["-DPy_BUILD_CORE_MODULE"]
    flags += [f"-I{folder}" for folder in (headers, headers / "internal", shelf / "include", source / "Modules")]
    target = dynload / f"{module.name}.{suffix}"
    what = f"{module.name} of Python {python}"
    zig.link_module(shop.platform, [*files, library], target, flags=flags, what=what, cache=shop.cache)
