"""What a binary exports, read by LIEF: ELF's dynamic symbols, Mach-O's export trie, PE's export table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.ground import elf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def exported(path: Path, kind: str) -> frozenset[str]:
    """Return the names that others can link to; none of a file that LIEF cannot read.

    Args:
        path: the file.
        kind: ``elf``, ``macho`` or ``pe``, as `BinaryFile.kind` has it.
    """
    return frozenset({"elf": _elf, "macho": _macho, "pe": _pe}[kind](path))


def _elf(path: Path) -> Iterator[str]:
    binary = elf.parsed(path)
    if binary is not None:
        yield from (str(symbol.name) for symbol in binary.exported_symbols if symbol.name)


def _macho(path: Path) -> Iterator[str]:
    import lief

    lief.logging.disable()  # a table that is empty is worth a line to it
    fat = lief.MachO.parse(str(path))
    binary = fat.at(0) if fat is not None and fat.size else None
    if binary is not None:
        yield from (str(symbol.name) for symbol in binary.exported_symbols)


def _pe(path: Path) -> Iterator[str]:
    import lief

    binary = lief.PE.parse(str(path))
    exports = binary.get_export() if binary is not None else None
    if exports:
        yield from (str(entry.name) for entry in exports.entries if entry.name)
