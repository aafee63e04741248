"""CPython as the conda packages ``python`` and ``python_abi``, named and pinned as conda-forge does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.bases import (
    cpython_debian,
    cpython_linux,
    cpython_macos,
    cpython_modules,
    cpython_ssl,
    cpython_windows,
    elf,
)
from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.bases.workshop import Workshop
from kafka_forge.errors import BaseBuildFailed, UnsupportedMachine
from kafka_forge.values import python_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.bases.python_locks import Interpreter, Interpreters, Libraries

_REVISION = 4
"""Goes up whenever `make` would give another package from the same jar."""

_ABI_BUILD = 8
"""conda-forge's build number of python_abi."""


def stem(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, platform: str) -> str:
    """Return the package's full name; its build string hashes all that it is made from and ends as conda-forge's."""
    return f"python-{interpreter.version(platform)}-{_build_string(interpreter, lock, libraries, platform)}"


def make(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, shop: Workshop) -> Path:
    """Make the ``python`` package of one interpreter.

    Args:
        interpreter: its entry in the lock.
        lock: names the source of the modules that the jar may lack.
        libraries: which package has which soname, and the headers for those modules.
        shop: for which platform, and where.

    Raises:
        UnsupportedMachine: there is nothing to make it from for the platform, or no module that knows its layout.
        BaseBuildFailed: the jar, or Debian's packages, cannot be made into a package.
        SourceUnreachable, ChecksumMismatch: from obtaining them.
    """
    if shop.platform == "win-64":
        return _make_windows(interpreter, lock, libraries, shop)
    if shop.platform in interpreter.debian:
        return _make_debian(interpreter, lock, libraries, shop)
    if shop.platform not in interpreter.jars or not shop.platform.startswith(("linux-", "osx-")):
        raise UnsupportedMachine(
            f"the embedded base has no Python {interpreter.python} for {shop.platform}",
            todo="use --base conda-forge there, or leave this Python out.",
        )
    if shop.platform.startswith("osx-"):
        return _make_macos(interpreter, lock, libraries, shop)
    jar = shop.obtain(interpreter.source(shop.platform))
    python = interpreter.python
    with shop.room(f"python-{python}") as room:
        tree = room / "tree"
        cpython_linux.stage(jar, tree, python)
        absent = cpython_linux.absent_modules(tree, python)
        added = cpython_modules.add_missing(tree, python, absent, lock=lock, libraries=libraries, room=room, shop=shop)
        cpython_ssl.trust_prefix(tree / "lib" / f"python{python}")
        cpython_linux.byte_compile(tree, python, _builder(interpreter, tree, room, shop))
        facts = {
            "made_from": f"org.bytedeco:cpython:{interpreter.release}:{interpreter.jars[shop.platform].classifier}",
            "modules_from_source": dict.fromkeys(added, lock.modules_source.file),
            "absent_modules": sorted(set(absent) - set(added)),
        }
        build = _build_string(interpreter, lock, libraries, shop.platform)
        package = _package(interpreter, shop.platform, build, _needs(tree, interpreter, libraries.pins()), facts)
        return pack(package, tree, shop.native)


def _make_debian(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, shop: Workshop) -> Path:
    """Make the package out of Debian's, whose OpenSSL is a library of the base channel's and knows the prefix."""
    source, python = interpreter.debian[shop.platform], interpreter.python
    with shop.room(f"python-{python}") as room:
        tree = room / "tree"
        cpython_debian.stage(source, shop, tree, python)
        cpython_linux.byte_compile(tree, python, _builder(interpreter, tree, room, shop))
        upstream = source.upstream_source()
        facts = {
            "made_from": [deb.at.file for deb in (*source.debs, *source.libraries.values())],
            "modules_from_source": dict.fromkeys(cpython_debian.UPSTREAM, upstream.name) if upstream else {},
            "absent_modules": sorted({*cpython_debian.absent_modules(tree, python), *source.without}),
        }
        build = _build_string(interpreter, lock, libraries, shop.platform)
        needs = _needs(tree, interpreter, libraries.pins() | source.elsewhere)
        return pack(_package(interpreter, shop.platform, build, needs, facts), tree, shop.native)


def _make_macos(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, shop: Workshop) -> Path:
    """Make the package for macOS, whose jars' modules load what the system has."""
    jar, python = shop.obtain(interpreter.source(shop.platform)), interpreter.python
    with shop.room(f"python-{python}") as room:
        tree = room / "tree"
        cpython_macos.stage(jar, tree, python, shop.platform)
        cpython_ssl.trust_prefix(tree / "lib" / f"python{python}")
        cpython_linux.byte_compile(tree, python, _builder(interpreter, tree, room, shop))
        facts = {
            "made_from": f"org.bytedeco:cpython:{interpreter.release}:{interpreter.jars[shop.platform].classifier}",
            "absent_modules": list(cpython_linux.absent_modules(tree, python)),
        }
        build = _build_string(interpreter, lock, libraries, shop.platform)
        needs = cpython_macos.needs(tree, shop.platform, libraries.pins())
        return pack(_package(interpreter, shop.platform, build, needs, facts), tree, shop.native)


def _make_windows(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, shop: Workshop) -> Path:
    """Make the package for Windows, whose jars have all modules and bring what these load."""
    jar, python = shop.obtain(interpreter.source(shop.platform)), interpreter.python
    with shop.room(f"python-{python}") as room:
        tree = room / "tree"
        cpython_windows.stage(jar, tree, python)
        cpython_windows.byte_compile(tree, python, _builder(interpreter, tree, room, shop))
        build = _build_string(interpreter, lock, libraries, shop.platform)
        runtime = cpython_windows.runtime(shop.root)
        facts = {
            "made_from": f"org.bytedeco:cpython:{interpreter.release}:{interpreter.jars[shop.platform].classifier}"
        }
        needs = (f"{runtime.package} >={runtime.version}",)
        return pack(_package(interpreter, shop.platform, build, needs, facts), tree, shop.native)


def _builder(interpreter: Interpreter, tree: Path, room: Path, shop: Workshop) -> Path:
    """Return a prefix with a Python of this minor version that runs here: bytecode is the same on all platforms."""
    here = platforms.current()
    if shop.platform == here:
        return tree
    if here in interpreter.debian:
        there = Workshop(here, shop.root, shop.cache, shop.progress)
        cpython_debian.stage(interpreter.debian[here], there, room / "built" / "builder", interpreter.python)
        return room / "built" / "builder"
    cpython_linux.stage(shop.obtain(interpreter.source(here)), room / "builder", interpreter.python)
    return room / "builder"


def _build_string(interpreter: Interpreter, lock: Interpreters, libraries: Libraries, platform: str) -> str:
    inputs = [library.on(platform) for library in libraries.libraries if platform in library.debs]
    own = [cpython_macos.REVISION] if platform.startswith("osx-") else []
    own = [cpython_windows.REVISION] if platform == "win-64" else own
    own = [cpython_debian.REVISION] if platform in interpreter.debian else own
    made_from = interpreter.inputs(platform)
    key = content_key(_REVISION, made_from, lock.modules_source_sha256, inputs, libraries.elsewhere, *own)
    return f"h{key}_0_{_flavour(interpreter.python)}"


def _needs(tree: Path, interpreter: Interpreter, pins: Mapping[str, str]) -> tuple[str, ...]:
    """Return match specs for glibc and for the libraries (soname → pin) that the staged binaries load."""
    needs = elf.needs(tree)
    unknown = [soname for soname in needs.sonames if soname not in pins]
    if unknown:
        raise BaseBuildFailed(
            f"Python {interpreter.python} loads what no package of the base channel has: {', '.join(unknown)}",
            where="bootstrap/python/libraries.json",
            todo="lock a package that has them, or take the modules that load them out (cpython_linux.py).",
        )
    return (*needs.virtual(), *sorted({pins[soname] for soname in needs.sonames}))


def _package(
    interpreter: Interpreter, platform: str, build: str, needs: tuple[str, ...], facts: Mapping[str, object]
) -> Package:
    python = interpreter.python
    abi = f"python_abi {python}.* *_{python_names.tag(python)}"
    # conda-forge: since 3.13 python depends on its ABI, before it only rules out others
    pinned = _flavour(python) != "cpython"
    return Package(
        "python",
        interpreter.version(platform),
        build,
        platform,
        depends=(*needs, "ca-certificates", *([abi] if pinned else [])),
        constrains=() if pinned else (abi,),
        license="Python-2.0",
        summary="General purpose programming language",
        home="https://www.python.org/",
        run_exports={"weak": (abi,), "noarch": ("python",)},
        site_packages=str(platforms.of(platform).site_packages(python)),
        extra=facts,
    )


def make_abi(interpreter: Interpreter, shop: Workshop) -> Path:
    """Make the ``python_abi`` package: no files, only the names that hold extension modules to their Python."""
    with shop.room("python_abi") as tree:
        return pack(abi_package(interpreter), tree, shop.noarch)


def abi_package(interpreter: Interpreter) -> Package:
    """Return what ``python_abi`` says for one interpreter, as conda-forge's does."""
    python = interpreter.python
    return Package(
        "python_abi",
        python,
        f"{_ABI_BUILD}_{python_names.tag(python)}",
        "noarch",
        build_number=_ABI_BUILD,
        constrains=(f"python {python}.* *_{_flavour(python)}",),
        noarch="generic",
        license="BSD-3-Clause",
        summary="Metapackage to select python implementation",
        home="https://github.com/conda-forge/python_abi-feedstock",
    )


def _flavour(python: str) -> str:
    """Return the last part of python's build string on conda-forge: since 3.13 it names the ABI."""
    return python_names.tag(python) if int(python.split(".")[1]) >= 13 else "cpython"
