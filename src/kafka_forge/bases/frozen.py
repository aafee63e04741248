"""The modules that are frozen into an interpreter's binary, and how one of them is taken out of its table.

Since 3.11 an installed CPython imports ``site`` and some others from its own binary and not from the file beside it
(https://docs.python.org/3/using/cmdline.html#cmdoption-X, ``frozen_modules``). Where such a module is to be another
one, its file alone does nothing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from pathlib import Path

    import lief

_TABLE = "_PyImport_FrozenStdlib"
"""The exported pointer to the table, https://github.com/python/cpython/blob/3.11/Include/internal/pycore_import.h."""

_ROW_SINCE_3_13 = 24  # struct _frozen: bytes of two pointers and two ints
_ROW_BEFORE = 32  # and of a pointer to the function that gives the code

_RELOCATION = struct.Struct("<QQq")  # Elf64_Rela: offset, info, addend


def thaw(binary: Path, module: str, python: str) -> None:
    """Have an interpreter import a module from its file: take its row out of the table of frozen modules.

    The row gets the name of the one before it, which is found first. Only the pointer to the name is written, so
    nothing in the file moves.

    Args:
        binary: an ELF file for 64 bits, little-endian: the program, or its shared library.
        module: its name, ``"site"``.
        python: ``"3.11"``.

    Raises:
        BaseBuildFailed: there is no such table or row.
    """
    import lief

    lief.logging.disable()
    elf = lief.ELF.parse(str(binary))
    table = elf and next((each.value for each in elf.dynamic_symbols if each.name == _TABLE), 0)
    if not elf or not table:
        raise _unexpected(binary, f"it exports no {_TABLE}")
    content = bytearray(binary.read_bytes())
    pointers = _Pointers(elf, content)
    step = _ROW_SINCE_3_13 if int(python.split(".")[1]) >= 13 else _ROW_BEFORE
    row, before = pointers.read(table), 0
    while name := pointers.read(row):
        if pointers.text(name) == module and before:
            pointers.write(row, before)
            binary.write_bytes(content)
            return
        row, before = row + step, name
    raise _unexpected(binary, f"no row but the first is that of {module}")


class _Pointers:
    """The pointers of a linked file: in its data, or, where the loader is to write them, in its relocations."""

    def __init__(self, elf: lief.ELF.Binary, content: bytearray) -> None:
        self._elf = elf
        self._content = content
        self._addends: dict[int, int] = {}  # address → place of the addend in the file
        for section in elf.sections:
            if section.type == section.TYPE.RELA and section.name == ".rela.dyn":
                for place in range(section.offset, section.offset + section.size, _RELOCATION.size):
                    address, _, _ = _RELOCATION.unpack_from(content, place)
                    self._addends[address] = place + 16

    def read(self, address: int) -> int:
        place = self._place(address)
        return int.from_bytes(self._content[place : place + 8], "little")

    def write(self, address: int, value: int) -> None:
        place = self._place(address)
        self._content[place : place + 8] = value.to_bytes(8, "little")

    def text(self, address: int) -> str:
        place = self._offset(address)
        return self._content[place : self._content.index(0, place)].decode("ascii", errors="replace")

    def _place(self, address: int) -> int:
        return self._addends.get(address) or self._offset(address)

    def _offset(self, address: int) -> int:
        return int(self._elf.virtual_address_to_offset(address))  # type: ignore[arg-type]


def _unexpected(binary: Path, why: str) -> BaseBuildFailed:
    return BaseBuildFailed(
        f"the table of frozen modules is not as expected: {why}",
        where=str(binary),
        todo="compare src/kafka_forge/bases/frozen.py with CPython's Python/frozen.c; lock another release.",
    )
