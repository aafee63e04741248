"""A Python project with extension modules that has no wheel for a platform, compiled from its source archive.

Only for projects whose modules are plain C with a short list of sources, which the lock names: then a compiler call
for each module, and the project's own Python files, are all that a build would do.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.bases import cpython_debian, elf, zig
from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.bases.python_locks import Interpreter, Sdist
    from kafka_forge.bases.workshop import Workshop

_REVISION = 1
"""Goes up whenever `make` would give another package from the same archive."""


def stem(sdist: Sdist, interpreter: Interpreter, platform: str) -> str:
    """Return the package's full name; its build string hashes all that it is made from."""
    key = content_key(_REVISION, sdist.model_dump(mode="json", exclude={"pythons"}), interpreter.inputs(platform))
    return f"{sdist.package}-{sdist.version}-py{interpreter.python.replace('.', '')}h{key}_0"


def make(sdist: Sdist, interpreter: Interpreter, shop: Workshop) -> Path:
    """Compile a project for one Python and pack it.

    Args:
        sdist: its entry in the lock.
        interpreter: the Python; its jar, or Debian's packages, have the headers.
        shop: for which platform, and where.

    Raises:
        BaseBuildFailed: a module does not compile, or the archive is not laid out as expected.
        SourceUnreachable, ChecksumMismatch: from obtaining an input.
    """
    python = interpreter.python
    with shop.room(sdist.package) as room:
        source, tree = room / "source", room / "tree"
        _unpack(shop.obtain(sdist.source()), source)
        if shop.platform in interpreter.debian:
            suffix = cpython_debian.headers(interpreter.debian[shop.platform], shop, room / "include", python)
        else:
            suffix = _headers(shop.obtain(interpreter.source(shop.platform)), room / "include", python)
        site = tree / "lib" / f"python{python}" / "site-packages"
        _lay_out(sdist, source, site, tree)
        for name, files in sdist.modules.items():
            flags = [f"-I{room / 'include'}", *(f"-I{source / folder}" for folder in sdist.include)]
            target = site.joinpath(*name.split(".")[:-1]) / f"{name.rpartition('.')[2]}{suffix}"
            paths = [source / file for file in files]
            zig.link_module(shop.platform, paths, target, flags=flags, what=name, cache=shop.cache)
        minor = int(python.split(".")[1])
        full = stem(sdist, interpreter, shop.platform)
        package = Package(
            sdist.package,
            sdist.version,
            full.rsplit("-", 1)[1],
            shop.platform,
            depends=(
                f"python >={python},<3.{minor + 1}.0a0",
                f"python_abi {python}.* *_cp{python.replace('.', '')}",
                *elf.needs(tree).virtual(),
            ),
            license=sdist.license,
            extra={"made_from": sdist.file},
        )
        return pack(package, tree, shop.native)


def _unpack(archive: Path, folder: Path) -> None:
    for member in archives.entries(archive):
        if member.kind is Kind.FILE:
            member.save(folder.joinpath(*PurePosixPath(member.name).parts[1:]))  # without "NAME-VERSION/"


def _headers(jar: Path, folder: Path, python: str) -> str:
    """Unpack Python's headers; return what the names of its extension modules end with."""
    suffix = ""
    for member in archives.entries(jar):
        parts = PurePosixPath(member.name).parts[4:]  # org/bytedeco/cpython/<classifier>/…
        if parts[:2] == ("include", f"python{python}") and member.kind is Kind.FILE:
            member.save(folder.joinpath(*parts[2:]))
        elif parts and parts[-1].startswith("_ssl.") and parts[-1].endswith(".so"):
            suffix = parts[-1].removeprefix("_ssl")
    if not suffix:
        raise BaseBuildFailed(
            "the jar has no extension modules to learn their names from",
            where=str(jar),
            todo="lock another release in bootstrap/python/wanted.yaml.",
        )
    return suffix


def _lay_out(sdist: Sdist, source: Path, site: Path, tree: Path) -> None:
    """Copy the Python files, and write the metadata by which pip knows an installed project."""
    root = source / sdist.root
    for path in sorted((root / sdist.top).rglob("*.py")):
        name = path.relative_to(root)
        if "tests" not in name.parts:
            target = site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    info = site / f"{sdist.project.replace('-', '_')}-{sdist.version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_bytes((source / "PKG-INFO").read_bytes())
    (info / "INSTALLER").write_text("conda\n", encoding="utf-8")
    licenses = tree / "info" / "licenses"
    licenses.mkdir(parents=True)
    for path in (each for each in source.iterdir() if each.name.upper().startswith("LICENSE")):
        (licenses / path.name).write_bytes(path.read_bytes())
