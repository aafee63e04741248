"""zig, called directly: for single extension modules of what the base channel takes from registries."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.ground.paths import Cache

TARGETS = {
    "linux-64": "x86_64-linux-gnu.2.17",
    "linux-aarch64": "aarch64-linux-gnu.2.17",
    "linux-ppc64le": "powerpc64le-linux-gnu.2.19",
    "osx-64": "x86_64-macos.11.0",
    "osx-arm64": "aarch64-macos.11.0",
    "win-64": "x86_64-windows-gnu",
}
"""Conda subdir → zig's target, with the oldest system that we build for."""


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
    command = [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[platform], "-shared", "-fPIC", "-O2", "-s"]
    if platform == "linux-ppc64le":
        command.append("-mabi=ibmlongdouble")  # glibc has the other long double since 2.32 only
    command += ["-DNDEBUG", "-fno-sanitize=undefined", *flags, *map(str, sources), "-Wl,-rpath,$ORIGIN/../.."]
    target.parent.mkdir(parents=True, exist_ok=True)
    cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.work, prefix="zig-") as local:
        caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache.compiler), "ZIG_LOCAL_CACHE_DIR": local}
        done = processes.run([*command, "-o", target], environment=os.environ | caches)
    if done.returncode:
        raise BaseBuildFailed(
            f"{what} does not compile for {platform}",
            where=str(sources[0]),
            details=done.output.decode(errors="replace").splitlines()[-10:],
            todo="see the compiler's lines above; the sources are locked in bootstrap/python/.",
        )
