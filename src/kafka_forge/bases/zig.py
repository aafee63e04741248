"""zig, called directly: for single extension modules of what the base channel takes from registries."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed, CompilerCacheBroken
from kafka_forge.ground import compiler_cache, long_double, processes
from kafka_forge.ground.zig import zig_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.paths import Cache

TARGETS = {
    "linux-64": "x86_64-linux-gnu.2.17",
    "linux-aarch64": "aarch64-linux-gnu.2.17",
    "linux-ppc64le": long_double.TARGET,
    "osx-64": "x86_64-macos.11.0",
    "osx-arm64": "aarch64-macos.11.0",
    "win-64": "x86_64-windows-gnu",
}
"""Conda subdir → zig's target, with the oldest system that we build for."""

_AS_BUILDS = ("-g0", "-O2", "-fno-sanitize=undefined", "-fPIC", "-ffunction-sections", "-fdata-sections", "-s")
"""What the base's C++ compiler is called with when it links (bootstrap/recipes/zig): zig knows its library by these.
With -s it is compiled without what debuggers read, in half the time."""


def link_module(
    platform: str, sources: Sequence[Path], target: Path, *, flags: Sequence[str], what: str, cache: Cache
) -> None:
    """Compile C sources into one extension module.

    Args:
        platform: the conda subdir; one of `TARGETS`.
        sources: C files, and shared libraries to link with.
        target: the module's file.
        flags: include folders, definitions and whatever else this module needs.
        what: what it is, for the error.
        cache: has the compiler's own cache.

    Raises:
        BaseBuildFailed: it does not compile.
    """
    command = [str(zig_program(cache.compiler)), "cc", "-target", TARGETS[platform], "-shared", "-fPIC", "-O2", "-s"]
    if platform == "linux-ppc64le":
        command.append(long_double.FLAG)
    command += ["-DNDEBUG", "-fno-sanitize=undefined", *flags, *map(str, sources), "-Wl,-rpath,$ORIGIN/../.."]
    target.parent.mkdir(parents=True, exist_ok=True)
    done = _run([*command, "-o", str(target)], cache)
    if done.returncode:
        raise _failed(
            f"{what} does not compile for {platform}",
            str(sources[0]),
            done,
            "see the compiler's lines above; the sources are locked in bootstrap/python/.",
            cache,
        )


def compile_cxx_library(platform: str, cache: Cache) -> None:
    """Have zig's C++ library compiled for a platform, into the compiler's cache, where every later build finds it.

    zig compiles it when the first C++ program is linked, by one core in minutes. No C library of the base is C++, so
    the first would be an artifact's configure script, with nothing else to do meanwhile.

    Args:
        platform: the conda subdir; one of `TARGETS`.
        cache: has the compiler's own cache.

    Raises:
        BaseBuildFailed: it does not compile.
    """
    target = TARGETS[platform]
    zig = zig_program(cache.compiler)
    command = [str(zig), "c++", "-target", target, *_AS_BUILDS]
    command += [*long_double.flags(target), *long_double.objects(target, zig, cache.compiler)]
    with tempfile.TemporaryDirectory(prefix="kafka-forge-cxx-") as room:
        program = Path(room) / "program.cpp"
        program.write_text("#include <string>\nint main(int n, char **) { return std::string(n, 'x').empty(); }\n")
        done = _run([*command, str(program), "-o", str(program.with_suffix(".exe"))], cache)
    if done.returncode:
        raise _failed(
            f"zig's C++ library does not compile for {platform}",
            " ".join(command),
            done,
            "see the compiler's lines above; the library is a part of the package ziglang.",
            cache,
        )


def _failed(
    what: str, where: str, done: processes.Finished, todo: str, cache: Cache
) -> BaseBuildFailed | CompilerCacheBroken:
    lines = done.output.decode(errors="replace").splitlines()
    if file := compiler_cache.broken(cache.compiler, lines):
        what = f"{what}: {file}, of zig's own cache, is broken"
        return CompilerCacheBroken(what, where=where, details=lines[-10:], todo=CompilerCacheBroken.REMOVE)
    return BaseBuildFailed(what, where=where, details=lines[-10:], todo=todo)


def _run(command: Sequence[str], cache: Cache) -> processes.Finished:
    cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.work, prefix="zig-") as local:
        caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache.compiler), "ZIG_LOCAL_CACHE_DIR": local}
        return processes.run(command, environment=os.environ | caches)
