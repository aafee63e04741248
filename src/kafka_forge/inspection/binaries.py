"""What the artifact's binaries say of themselves, read by LIEF without running them: ELF, Mach-O, PE."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from kafka_forge.ground import elf
from kafka_forge.inspection import macos, taken
from kafka_forge.values.evidence import BinaryFile
from kafka_forge.values.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kafka_forge.platforms import Platform
    from kafka_forge.values.evidence import Elf

_MAGIC = {
    b"\x7fELF": "elf",
    b"\xcf\xfa\xed\xfe": "macho",  # 64 bits, little endian
    b"\xca\xfe\xba\xbe": "macho",  # fat; a Java class file starts so too, but LIEF tells them apart
    b"MZ": "pe",
}
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")
_ORIGIN = re.compile(r"\$ORIGIN|\$\{ORIGIN\}|@loader_path")


@dataclass(frozen=True, slots=True)
class Besides:
    """Where the loader finds libraries after all that a file names.

    Attributes:
        folders: relative to the prefix.
        libraries: `fnmatch` patterns of those that are the system's.
    """

    folders: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


NOTHING = Besides()
_MANYLINUX = ("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libexpat.so.1")
"""What manylinux lets wheels take from the system, besides the C library (auditwheel's manylinux-policy.json; PEP 600);
libexpat by all policies but the oldest."""


def besides(kind: Kind, prefix: Path) -> Besides:
    """Return where else libraries are found, for a kind of artifact in a prefix.

    What stands in ``/usr``, say, is loaded from the folders that a system's loader searches by itself (ld.so(8)).
    """
    if kind is Kind.WHEEL:
        return Besides(libraries=_MANYLINUX)
    if kind is Kind.CONDA:
        return NOTHING
    several = sorted(path.relative_to(prefix).as_posix() for path in (prefix / "lib").glob("*-linux-*"))
    folders = tuple(folder for folder in (*several, "lib64", "lib") if (prefix / folder).is_dir())
    return Besides(folders=folders)


def read(prefix: Path, files: Iterable[str], platform: Platform, more: Besides = NOTHING) -> Iterator[BinaryFile]:
    """Yield what LIEF reads of each binary among ``files`` (relative to ``prefix``); links are passed over.

    Args:
        prefix: the environment.
        files: the artifact's.
        platform: the one they are for.
        more: where else the loader finds libraries, by what kind of artifact it is.
    """
    for name in files:
        path = prefix / name
        if not path.is_symlink() and path.is_file() and (kind := _kind(path)):
            binary = _parse(path, name, kind)
            if binary is not None:
                yield _with_found(binary, prefix, platform, more)


def inside(binary: BinaryFile, rpath: str) -> str | None:
    """Return where a search path leads, relative to the prefix; None where it leads out of it.

    >>> inside(BinaryFile("lib/a/b.so", "elf", None, (), ()), "$ORIGIN/..")
    'lib'
    >>> inside(BinaryFile("lib/b.so", "elf", None, (), ()), "$ORIGIN/../..") is None
    True
    >>> inside(BinaryFile("lib/b.so", "elf", None, (), ()), "/usr/lib") is None
    True
    """
    expanded = posixpath.normpath(_ORIGIN.sub(lambda _: posixpath.dirname(binary.path) or ".", rpath))
    if not _ORIGIN.match(rpath) or expanded.startswith((".." + "/", "/")) or expanded == "..":
        return None
    return expanded


def _kind(path: Path) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(4)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _parse(path: Path, name: str, kind: str) -> BinaryFile | None:
    return {"elf": _elf, "macho": _macho, "pe": _pe}[kind](path, name)


def _elf(path: Path, name: str) -> BinaryFile | None:
    import lief

    binary = elf.parsed(path)
    if binary is None:
        return None
    soname = None
    rpaths: list[str] = []
    for entry in binary.dynamic_entries:
        if isinstance(entry, lief.ELF.DynamicSharedObject):
            soname = str(entry.name)
        elif isinstance(entry, (lief.ELF.DynamicEntryRunPath, lief.ELF.DynamicEntryRpath)):
            rpaths += [str(part) for part in entry.paths]
    needed = tuple(str(library) for library in binary.libraries)
    return BinaryFile(name, "elf", soname, needed, tuple(rpaths), glibc=_glibc(binary))


def _glibc(binary: Any) -> tuple[int, int] | None:
    versions = [
        (int(found[1]), int(found[2]))
        for requirement in binary.symbols_version_requirement
        for symbol in requirement.get_auxiliary_symbols()
        if (found := _GLIBC.match(str(symbol.name)))
    ]
    return max(versions, default=None)


def _macho(path: Path, name: str) -> BinaryFile | None:
    import lief

    lief.logging.disable()  # a table that is empty is worth a line to it
    fat = lief.MachO.parse(str(path), lief.MachO.ParserConfig.quick)
    binary = fat.at(0) if fat is not None and fat.size else None
    if binary is None:
        return None
    kinds = lief.MachO.LoadCommand.TYPE
    own = next((str(c.name) for c in binary.libraries if c.command == kinds.ID_DYLIB), None)
    needed = tuple(str(c.name) for c in binary.libraries if c.command != kinds.ID_DYLIB)
    return BinaryFile(name, "macho", own, needed, tuple(str(command.path) for command in binary.rpaths))


def _pe(path: Path, name: str) -> BinaryFile | None:
    import lief

    binary = lief.PE.parse(str(path))
    if binary is None:
        return None
    exports = binary.get_export()
    own = str(exports.name) if exports else None
    return BinaryFile(name, "pe", own, tuple(str(found.name) for found in binary.imports), ())


# --- where the loader finds what is needed --------------------------------------------------------------------


def _with_found(binary: BinaryFile, prefix: Path, platform: Platform, more: Besides) -> BinaryFile:
    found = {library: _find(binary, library, prefix, platform, more) for library in binary.needed}
    special = macos.read(prefix, binary.path, found, platform.name) if binary.kind == "macho" else None
    elf = _symbols(prefix, binary.path, found) if binary.kind == "elf" else None
    return replace(binary, found=found, macho=special, elf=elf)


def _symbols(prefix: Path, name: str, found: dict[str, str]) -> Elf | None:
    parsed = elf.parsed(prefix / name)
    return taken.read(prefix, parsed, found) if parsed is not None else None


def _find(binary: BinaryFile, library: str, prefix: Path, platform: Platform, more: Besides) -> str:
    """Return a path relative to the prefix, ``system``, or ``""``: ld.so(8), dyld(1), and PE's folder order."""
    for candidate in [*_candidates(binary, library, platform), *(f"{folder}/{library}" for folder in more.folders)]:
        if (prefix / candidate).is_file():
            return candidate
    everywhere = (*platform.system_libraries, *more.libraries)
    known = any(fnmatch(library.lower(), pattern.lower()) for pattern in everywhere)
    return "system" if known else ""


def _candidates(binary: BinaryFile, library: str, platform: Platform) -> list[str]:
    if binary.kind == "pe":  # next to the program or the DLL, then conda's folders, which Python adds to the search
        folders = [posixpath.dirname(binary.path), str(platform.library_dir), "."]
        return [posixpath.normpath(posixpath.join(folder, library)) for folder in folders]
    if library.startswith("@loader_path"):
        place = inside(binary, library)
        return [place] if place else []
    if binary.kind == "macho" and not library.startswith("@rpath/"):
        return []
    leaf = library.removeprefix("@rpath/")
    return [posixpath.join(place, leaf) for rpath in binary.rpaths if (place := inside(binary, rpath)) is not None]
