"""Which files a process has loaded, as its system tells; runs inside the fresh environment. Standard library only."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

_PATH_LENGTH = 32768


def files() -> list[str]:
    """Return every file that this process has mapped, sorted; empty where the system does not say.

    Linux has them in ``/proc/self/maps`` (proc(5)); Windows is asked for its modules (``K32EnumProcessModules``).
    """
    if os.name == "nt":
        return sorted(set(_modules()))
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        return []
    lines = maps.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    fields = [line.split(None, 5) for line in lines]
    return sorted({field[5] for field in fields if len(field) == 6 and field[5].startswith("/")})


def _modules() -> list[str]:
    kernel: Any = ctypes.CDLL("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    needed = ctypes.c_ulong()
    modules = (ctypes.c_void_p * 4096)()
    if not kernel.K32EnumProcessModules(process, modules, ctypes.c_ulong(ctypes.sizeof(modules)), ctypes.byref(needed)):
        raise OSError("K32EnumProcessModules fails")
    text = ctypes.create_unicode_buffer(_PATH_LENGTH)
    return [
        text.value
        for module in modules[: needed.value // ctypes.sizeof(ctypes.c_void_p)]
        if kernel.K32GetModuleFileNameExW(process, ctypes.c_void_p(module), text, _PATH_LENGTH)
    ]
