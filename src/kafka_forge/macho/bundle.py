"""``python -m kafka_forge.macho.bundle FILE``: a library becomes a bundle, which zig's linker cannot make.

Plug-ins and extension modules are bundles on macOS: they are loaded by their path and have no name of their own. The
header's layout and constants are those of ``<mach-o/loader.h>``; all numbers are little-endian.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from kafka_forge.macho import signature

_HEADER = struct.Struct(
    "<8I"
)  # mach_header_64: magic, cputype, cpusubtype, filetype, ncmds, sizeofcmds, flags, reserved
_DYLIB, _BUNDLE = 6, 8  # MH_DYLIB, MH_BUNDLE
_ID_DYLIB = 0xD  # LC_ID_DYLIB


def make(path: Path) -> None:
    """Take the name out of a library and call it a bundle; any other file is left alone. Its signature is renewed."""
    data = bytearray(path.read_bytes())
    if not data.startswith(signature.MAGIC):
        return
    magic, cpu, subtype, kind, count, size, flags, reserved = _HEADER.unpack_from(data)
    if kind != _DYLIB:
        return
    at, end = _HEADER.size, _HEADER.size + size
    for _ in range(count):
        command, length = struct.unpack_from("<2I", data, at)
        if command == _ID_DYLIB:
            data[at:end] = data[at + length : end] + bytes(length)
            count, size = count - 1, size - length
            break
        at += length
    _HEADER.pack_into(data, 0, magic, cpu, subtype, _BUNDLE, count, size, flags, reserved)
    path.write_bytes(data)
    signature.renew(path)


if __name__ == "__main__":
    make(Path(sys.argv[-1]))
