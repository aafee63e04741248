"""Programs that were linked with a newer glibc are led to the symbols that an older one has, too.

Debian links with its own glibc, and a program then asks for the newest version of each symbol that it takes, also
where it needs nothing that is new: one symbol of glibc 2.38 keeps a Python from running with 2.36. Only symbols are
led elsewhere of which it is known that the older one does the same for CPython; any other is an error.

Where the facts are from: the version sections are described by
https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html; what is new in which
glibc by its own NEWS, https://sourceware.org/git/?p=glibc.git;a=blob;f=NEWS.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import lief

_C23 = "__isoc23_"
"""What strtol() and its like are called since 2.38 for programs in C23: they also read numbers that begin with 0b,
where a base of 0 or 2 is asked for. CPython's own parsers do not use them."""

_OF_POWER = "ieee128"
"""How those end that read the long double of POWER: without the beginning, they are the names of none."""

_ALIKE = {"fmod", "fmodf", "hypot", "hypotf"}
"""Since 2.35 or 2.38 these set errno themselves; before, a wrapper of the same name did."""

_FIRST = {"X86_64": "GLIBC_2.2.5", "AARCH64": "GLIBC_2.17", "PPC64": "GLIBC_2.17"}
"""Processor → the version of what has been in glibc since it has been there for that processor
(https://sourceware.org/git/?p=glibc.git;a=blob;f=shlib-versions)."""

_NEED = struct.Struct("<HHIII")  # Elf64_Verneed: version, count, file, offset of the first row, of the next record
_ROW = struct.Struct("<IHHII")  # Elf64_Vernaux: hash, flags, index, name, offset of the next row
_SYMBOL = 24  # bytes of an Elf64_Sym, whose first field is the offset of its name
_INDEX = 0x7FFF  # without the bit that hides a version


def lead(binary: Path, newest: tuple[int, int]) -> None:
    """Have an ELF file take no symbol of a glibc that is newer than ``newest``.

    What is written has the length of what stood there, so nothing in the file moves.

    Args:
        binary: an ELF file for 64 bits, little-endian.
        newest: the glibc, for example ``(2, 35)``.

    Raises:
        BaseBuildFailed: it takes a newer symbol for which no older one is known to do.
    """
    import lief

    lief.logging.disable()
    elf = lief.ELF.parse(str(binary))
    sections = {str(section.name): section for section in elf.sections} if elf else {}
    if ".gnu.version_r" not in sections:
        return
    content = bytearray(binary.read_bytes())
    first = _FIRST.get(elf.header.machine_type.name, "") if elf else ""
    led = _lead_versions(content, sections, newest, first)
    if led:
        _lead_symbols(binary, content, sections, led)
        binary.write_bytes(content)


def _lead_versions(
    content: bytearray, sections: dict[str, lief.ELF.Section], newest: tuple[int, int], first: str
) -> set[int]:
    """Turn the rows of newer versions into those of the first one; return their indices.

    The first one's name and hash are taken from a row that has them; a program that has none is left as it is, and
    still asks for what it asked for.
    """
    names = sections[".dynstr"].offset
    rows = [row for record in _libraries(content, sections[".gnu.version_r"].offset) for row in record]
    texts = {row: _text(content, names + _ROW.unpack_from(content, row)[3]) for row in rows}
    models = [_ROW.unpack_from(content, row) for row in rows if texts[row] == first]
    led: set[int] = set()
    for row in rows if models else ():
        version = _glibc(texts[row])
        if version and version > newest:
            _, flags, index, _, following = _ROW.unpack_from(content, row)
            _ROW.pack_into(content, row, models[0][0], flags, index, models[0][3], following)
            led.add(index & _INDEX)
    return led


def _libraries(content: bytearray, record: int) -> Iterator[list[int]]:
    """Give for each library that is loaded the places of the rows that name the versions asked of it."""
    while True:
        _, count, _, first, following = _NEED.unpack_from(content, record)
        rows = [record + first]
        while len(rows) < count:
            rows.append(rows[-1] + _ROW.unpack_from(content, rows[-1])[4])
        yield rows
        if not following:
            return
        record += following


def _lead_symbols(binary: Path, content: bytearray, sections: dict[str, lief.ELF.Section], led: set[int]) -> None:
    """Give the symbols of these versions the names that they have in an older glibc."""
    symbols, names, versions = (sections[name].offset for name in (".dynsym", ".dynstr", ".gnu.version"))
    unknown = []
    for number in range(sections[".dynsym"].size // _SYMBOL):
        (index,) = struct.unpack_from("<H", content, versions + 2 * number)
        if index & _INDEX not in led:
            continue
        (place,) = struct.unpack_from("<I", content, symbols + _SYMBOL * number)
        name = _text(content, names + place)
        if name.startswith(_C23) and not name.endswith(_OF_POWER):  # the older name is the end of this one
            struct.pack_into("<I", content, symbols + _SYMBOL * number, place + len(_C23))
        elif name not in _ALIKE:
            unknown.append(name)
    if unknown:
        raise BaseBuildFailed(
            f"it takes symbols of a newer glibc that no older one is known to stand for: {', '.join(sorted(unknown))}",
            where=str(binary),
            todo="read in glibc's NEWS what is new about them; add them to older_glibc.py, or leave the module out "
            "(`without` in bootstrap/python/wanted.yaml).",
        )


def _glibc(name: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", name)
    return (int(match[1]), int(match[2])) if match else None


def _text(content: bytearray, place: int) -> str:
    return content[place : content.index(0, place)].decode("ascii", errors="replace")
