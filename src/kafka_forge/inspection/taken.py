"""Which symbols an ELF file takes from the libraries of its prefix, and which of them nobody there has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka_forge.ground import elf
from kafka_forge.inspection import symbols
from kafka_forge.values.evidence import Elf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PYTHON = ("Py", "_Py")
_SYSTEM = ("GLIBC_", "GCC_", "GLIBCXX_", "CXXABI_")
"""Versions of symbols that the system's own libraries give: those are the matter of `BinaryFile.glibc`."""


def read(prefix: Path, binary: Any, found: Mapping[str, str]) -> Elf:
    """Return the symbols of one file.

    ELF knows no library of a symbol (elf(5)): what any library that it needs, or that those need in turn, exports is
    there. What is weak may be absent. Nothing is said to be missing where a needed library itself is, or where the
    system's libraries have no versions (musl), so that theirs cannot be told apart.

    Args:
        prefix: the environment.
        binary: as LIEF reads it.
        found: what it needs → where that is, as in `BinaryFile.found`.
    """
    versions = {str(symbol.name): _version(symbol) for symbol in binary.imported_symbols if not _is_weak(symbol)}
    taken = {name for name, version in versions.items() if not version.startswith(_SYSTEM)}
    places = sorted({place for place in found.values() if place not in ("", "system")})
    unknown = "" in found.values() or ("system" in found.values() and len(taken) == len(versions))
    if unknown or not taken:
        return Elf(len(taken), (), tuple(places))
    known = _exports(prefix, places)
    pythons = sorted((prefix / "lib").glob("libpython3*.so*")) if any(map(_is_pythons, taken)) else []
    for path in pythons:
        known |= symbols.exported(path, "elf")
    missing = (name for name in taken - known if pythons or not _is_pythons(name))
    return Elf(len(taken), tuple(sorted(missing)), tuple(places))


def _exports(prefix: Path, places: Iterable[str]) -> set[str]:
    """Return what libraries of the prefix export, with those that they need in turn from beside them."""
    known = set[str]()
    waiting, seen = [prefix / place for place in places], set[str]()
    while waiting:
        path = waiting.pop()
        binary = elf.parsed(path) if path.name not in seen and path.is_file() else None
        seen.add(path.name)
        if binary is not None:
            known |= {str(symbol.name) for symbol in binary.exported_symbols}
            waiting += [path.with_name(str(name)) for name in binary.libraries]
    return known


def _version(symbol: Any) -> str:
    version = symbol.symbol_version
    return str(version.symbol_version_auxiliary.name) if version and version.has_auxiliary_version else ""


def _is_weak(symbol: Any) -> bool:
    import lief

    return bool(symbol.binding == lief.ELF.Symbol.BINDING.WEAK)


def _is_pythons(name: str) -> bool:
    return name.startswith(_PYTHON)
