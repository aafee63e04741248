"""Shared libraries that the interpreters load, out of Debian's binary packages."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.bases import elf
from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.bases.python_locks import Deb, Library
    from kafka_forge.bases.workshop import Workshop

_REVISION = 1
"""Goes up whenever `make` would give another package from the same input."""

_SHARED = re.compile(r"\.so(\.\d+)+$")


def stem(library: Library, platform: str) -> str:
    """Return the package's full name; its build string hashes all that it is made from."""
    return f"{library.name}-{library.version}-{_build_string(library, platform)}"


def make(library: Library, shop: Workshop) -> Path:
    """Make one library's conda package: the shared objects and their names, the copyright files, nothing else.

    Raises:
        BaseBuildFailed: a promised soname is not in Debian's packages.
        SourceUnreachable, ChecksumMismatch: from obtaining them.
    """
    with shop.room(library.name) as tree:
        for deb in library.debs[shop.platform]:
            take_libraries(deb, shop.obtain(deb.source()), tree)
        missing = [soname for soname in library.sonames if not (tree / "lib" / soname).exists()]
        if missing:
            raise BaseBuildFailed(
                f"Debian's packages do not have what {library.name} promises: {', '.join(missing)}",
                where="bootstrap/python/libraries.json",
                todo="mend the sonames, or lock other packages.",
            )
        elf.set_rpath("$ORIGIN", list(elf.binaries(tree)))
        package = Package(
            library.name,
            library.version,
            _build_string(library, shop.platform),
            shop.platform,
            depends=(*elf.needs(tree).virtual(), *library.depends),
            license=library.license,
            summary=library.summary,
            home=library.home,
            run_exports={"weak": (library.pin,)},
        )
        return pack(package, tree, shop.native)


def _build_string(library: Library, platform: str) -> str:
    return f"h{content_key(_REVISION, [deb.sha256 for deb in library.debs[platform]], library.depends)}_0"


def take_libraries(deb: Deb, file: Path, tree: Path) -> None:
    """Unpack a package's shared objects and their links into ``tree/lib``, its copyright into ``tree/info``."""
    for member in archives.entries(file):
        name = PurePosixPath(member.name).name
        if _SHARED.search(name):
            target = tree / "lib" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.kind is Kind.LINK:
                target.symlink_to(PurePosixPath(member.target).name)
            elif member.kind is Kind.FILE:
                member.save(target, executable=True)
        elif name == "copyright" and member.kind is Kind.FILE:
            member.save(tree / "info" / "licenses" / f"{deb.at.package}.copyright")


def take_headers(file: Path, folder: Path) -> None:
    """Unpack what a development package has below ``usr/include`` into ``folder``."""
    for member in archives.entries(file):
        parts = PurePosixPath(member.name).parts
        if member.kind is Kind.FILE and "include" in parts:
            member.save(folder.joinpath(*parts[parts.index("include") + 1 :]), executable=False)
