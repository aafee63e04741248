"""The long double of POWER, of which glibc has two: the one that it always had, and IEEE's, since 2.32.

clang takes IEEE's for granted there, and glibc's headers then lead the whole printf family to functions that an older
glibc lacks. So everything is compiled for the other one. zig's own C++ library is not ours to compile: what it asks for
is linked in, hidden, and leads back to the functions that every glibc has.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground.files import atomic_path

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "powerpc64le-linux-gnu.2.19"
FLAG = "-mabi=ibmlongdouble"

_SOURCE = """\
#define _GNU_SOURCE
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define WITH_ARGUMENTS(call) \\
    va_list arguments; \\
    va_start(arguments, format); \\
    int result = call; \\
    va_end(arguments); \\
    return result

/* What is compiled for the other long double has other names for all that takes one: so the library, whose own names
   these are, has none to write or to scan. */
int __vfprintfieee128(FILE *stream, const char *format, va_list arguments) {
    return strchr(format, 'L') ? -1 : vfprintf(stream, format, arguments);
}
int __vsnprintfieee128(char *text, size_t size, const char *format, va_list arguments) {
    return strchr(format, 'L') ? -1 : vsnprintf(text, size, format, arguments);
}
int __vasprintfieee128(char **text, const char *format, va_list arguments) {
    return strchr(format, 'L') ? -1 : vasprintf(text, format, arguments);
}
int __fprintfieee128(FILE *stream, const char *format, ...) {
    WITH_ARGUMENTS(__vfprintfieee128(stream, format, arguments));
}
int __snprintfieee128(char *text, size_t size, const char *format, ...) {
    WITH_ARGUMENTS(__vsnprintfieee128(text, size, format, arguments));
}
int __swprintfieee128(wchar_t *text, size_t size, const wchar_t *format, ...) {
    WITH_ARGUMENTS(wcschr(format, L'L') ? -1 : vswprintf(text, size, format, arguments));
}
int __isoc99_sscanfieee128(const char *text, const char *format, ...) {
    WITH_ARGUMENTS(strchr(format, 'L') ? -1 : vsscanf(text, format, arguments));
}

/* As precise as a double. */
__float128 __strtoieee128(const char *text, char **end) { return strtod(text, end); }
__float128 __strtoieee128_l(const char *text, char **end, locale_t locale) { return strtod_l(text, end, locale); }
__float128 __wcstoieee128(const wchar_t *text, wchar_t **end) { return wcstod(text, end); }
"""

KEY = hashlib.sha256(_SOURCE.encode()).hexdigest()[:16]
"""Changes with what is linked in."""


def flags(target: str) -> list[str]:
    """Return what a compiler is told beside zig's target (``x86_64-linux-gnu.2.17``): nothing but for linux-ppc64le."""
    return [FLAG] if target == TARGET else []


def objects(target: str, zig: Path, compiler_cache: Path) -> list[str]:
    """Return what C++ is linked with beside its own: nothing but for linux-ppc64le.

    Args:
        target: zig's, for example ``x86_64-linux-gnu.2.17``.
        zig: the compiler.
        compiler_cache: its cache.

    Raises:
        BaseBuildFailed, DiskFull, NotWritable: as `shim`.
    """
    return [str(shim(zig, compiler_cache))] if target == TARGET else []


def shim(zig: Path, compiler_cache: Path) -> Path:
    """Return the object that C++ programs and libraries for linux-ppc64le are linked with; it is compiled once.

    Args:
        zig: the compiler.
        compiler_cache: its cache, where the object stands, too.

    Raises:
        BaseBuildFailed: it does not compile.
        DiskFull, NotWritable: the file system refuses.
    """
    target = compiler_cache / f"ieee128-{KEY}.o"
    if not target.is_file():
        with atomic_path(target) as draft:
            source = draft.with_suffix(".c")
            source.write_text(_SOURCE, encoding="utf-8")
            _compile(zig, source, draft, compiler_cache)
    return target


def _compile(zig: Path, source: Path, target: Path, compiler_cache: Path) -> None:
    options = [
        "-target",
        TARGET,
        FLAG,
        "-mfloat128",
        "-O2",
        "-g0",
        "-fPIC",
        "-fvisibility=hidden",
        "-fno-sanitize=undefined",
    ]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(compiler_cache), "ZIG_LOCAL_CACHE_DIR": str(compiler_cache)}
    command: list[str | Path] = [zig, "cc", *options, "-c", source, "-o", target]
    done = subprocess.run(command, env=os.environ | caches, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BaseBuildFailed(
            "what stands for glibc's newer long double does not compile for linux-ppc64le",
            where=str(source),
            details=done.stderr.splitlines()[-10:],
            todo="see the compiler's lines above.",
        )
