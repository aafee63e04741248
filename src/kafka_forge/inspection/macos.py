"""What Mach-O files say besides what they load: the macOS they run on, their signature, the symbols they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka_forge.inspection import symbols
from kafka_forge.macho import availability, files, signature, stubs
from kafka_forge.values.evidence import MachO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SYSTEM = "/usr/lib/libSystem.B.dylib"
_FLAT = (0, 0xFE, 0xFF)
"""Ordinals in place of a library's number (<mach-o/nlist.h>): this file, any loaded library, the program."""


def read(prefix: Path, name: str, found: Mapping[str, str], platform: str) -> MachO:
    """Return the facts about one Mach-O file.

    Args:
        prefix: the environment it stands in.
        name: its path relative to the prefix.
        found: what it needs → where that is, as in `BinaryFile.found`.
        platform: the conda subdir.
    """
    import lief

    lief.logging.disable()
    fat = lief.MachO.parse(str(prefix / name))
    binary = fat.at(0) if fat is not None else None
    if binary is None:
        return MachO(None, None, {}, {})
    taken = _imports(binary)
    missing = {}
    for library, names in taken.items():
        known = _known(prefix, library, found, platform)
        absent = sorted(set(names) - known) if known is not None else []
        if absent:
            missing[library or "(any)"] = tuple(absent)
    counts = {library or "(any)": len(names) for library, names in taken.items()}
    minos = files.minos(binary)
    late = availability.newer(platform, minos) if minos else {}
    newer = {symbol: late[symbol] for symbol in taken.get(_SYSTEM, ()) if symbol in late}
    return MachO(minos, signature.read(prefix / name), counts, missing, newer)


def _imports(binary: Any) -> dict[str, list[str]]:
    """Return library → the symbols that are taken from it; ``""`` for those that may come from any."""
    libraries = files.libraries(binary)
    taken: dict[str, list[str]] = {}
    for symbol in binary.imported_symbols:
        ordinal = int(symbol.library_ordinal)
        library = "" if ordinal in _FLAT or ordinal > len(libraries) else libraries[ordinal - 1]
        taken.setdefault(library, []).append(str(symbol.name))
    return taken


def _known(prefix: Path, library: str, found: Mapping[str, str], platform: str) -> frozenset[str] | None:
    """Return what a library exports; None for one of macOS that the SDK at hand says nothing about."""
    if library == _SYSTEM:
        return stubs.exports(platform)
    if not library:  # extension modules take Python's symbols from the program that loads them
        return frozenset().union(
            *(symbols.exported(path, "macho") for path in (prefix / "lib").glob("libpython3.*.dylib"))
        )
    place = found.get(library, "")
    return symbols.exported(prefix / place, "macho") if place not in ("", "system") else None
