"""Keep the toolkit itself small while several threads pack large files side by side.

glibc gives every thread an arena of its own and keeps freed memory in it; packing the base channel's packages would
leave several hundred megabytes behind (mallopt(3), malloc_trim(3)).
"""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def few_arenas() -> None:
    """Let all threads share two arenas; does nothing where the C library is not glibc."""
    if sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give freed memory back to the system; does nothing where the C library is not glibc."""
    if sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
