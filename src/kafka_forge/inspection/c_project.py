"""A small C project that is built against an installed package, as a user's would be: by pkg-config and by CMake.

The compiler is the toolkit's zig, for the artifact's platform; CMake comes from the base's channel. What is compiled
prints librdkafka's version; where programs of the platform can be run here, it is run.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import environment as environments
from kafka_forge import platforms, processes, solving, userland
from kafka_forge.bases.zig import TARGETS
from kafka_forge.paths import Cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.model import Environment, JsonObject

_PROGRAM = """\
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(void) { puts(rd_kafka_version_str()); return 0; }
"""
_LISTS = """\
cmake_minimum_required(VERSION 3.16)
project(probe C)
find_package({package} {version} CONFIG REQUIRED)
add_executable(probe probe.c)
target_link_libraries(probe PRIVATE {package}::rdkafka)
"""
_SYSTEMS = {"linux": "Linux", "osx": "Darwin", "win": "Windows"}
_SECONDS = 300.0


def build(environment: Environment, *, pc: str, cmake: str) -> JsonObject:
    """Build the project in every way, in a temporary folder.

    Args:
        environment: the artifact's fresh environment.
        pc: the pkg-config name, for example ``rdkafka``.
        cmake: the CMake package, for example ``RdKafka``.

    Returns:
        ``pkg-config`` and ``cmake`` → ``{ok, prefix, flags, output, lines}``: whether it was built, where the files
        point to, what the program printed (None where it cannot be run), and the last lines of what went wrong.
    """
    cache = Cache.default()
    cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.work, prefix="c-project-") as name:
        room = Path(name)
        (room / "probe.c").write_text(_PROGRAM, encoding="utf-8")
        (room / "tmp").mkdir()
        compiler = room / "cc"
        target = TARGETS[environment.artifact.cell.platform]
        variables = f"ZIG_GLOBAL_CACHE_DIR='{cache.compiler}' ZIG_LOCAL_CACHE_DIR='{room / 'tmp'}'"
        line = f"{variables} exec '{userland.zig_program()}' cc -target {target} -fno-sanitize=undefined \"$@\""
        compiler.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        compiler.chmod(0o755)
        return {
            "pkg-config": _by_pkg_config(environment, pc, room, compiler),
            "cmake": _by_cmake(environment, cmake, room, compiler, cache),
        }


def read_pc(text: str) -> dict[str, str]:
    """Return the variables and fields of a pkg-config file, with the variables put in (pc(5)).

    >>> read_pc("prefix=/p\\nlibdir=${prefix}/lib\\n\\nLibs: -L${libdir} -lx\\n")["Libs"]
    '-L/p/lib -lx'
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := re.match(r"\s*([\w.]+)\s*([=:])\s*(.*)", line):
            value = re.sub(r"\$\{([\w.]+)\}", lambda word: found.get(word[1], ""), match[3])
            found[match[1]] = value.strip()
    return found


def _by_pkg_config(environment: Environment, pc: str, room: Path, compiler: Path) -> JsonObject:
    library = platforms.of(environment.artifact.cell.platform).library_dir.parent / "lib"
    file = environment.prefix / library / "pkgconfig" / f"{pc}.pc"
    if not file.is_file():
        return _answer(lines=[f"there is no {file.relative_to(environment.prefix)}"])
    fields = read_pc(file.read_text(encoding="utf-8"))
    flags = f"{fields.get('Cflags', '')} {fields.get('Libs', '')}".split()
    program = room / "by-pkg-config"
    rpath = [] if environment.artifact.cell.platform.startswith("win-") else [f"-Wl,-rpath,{file.parents[1]}"]
    done = processes.run([compiler, room / "probe.c", *flags, *rpath, "-o", program], cwd=room, timeout=_SECONDS)
    return _tried(environment, done, program, prefix=fields.get("prefix", ""), flags=flags)


def _by_cmake(environment: Environment, package: str, room: Path, compiler: Path, cache: Cache) -> JsonObject:
    here = platforms.current()
    tools, build = room / "tools", room / "build"
    records = solving.solve(["cmake", "ninja"], environment.channels, here, what="CMake for a small project")
    environments.link(records, here, cache, tools, "CMake")
    version = environment.artifact.cell.version
    (room / "CMakeLists.txt").write_text(_LISTS.format(package=package, version=version), encoding="utf-8")
    system = _SYSTEMS[environment.artifact.cell.platform.partition("-")[0]]
    command: list[str | Path] = [
        *(tools / "bin" / "cmake", "-G", "Ninja", "-S", room, "-B", build),
        *(f"-DCMAKE_MAKE_PROGRAM={tools / 'bin' / 'ninja'}", f"-DCMAKE_C_COMPILER={compiler}"),
        *(f"-DCMAKE_SYSTEM_NAME={system}", "-DCMAKE_C_COMPILER_WORKS=1"),
        *(f"-DCMAKE_PREFIX_PATH={environment.prefix};{environment.prefix / 'Library'}",),
    ]
    done = processes.run(command, cwd=room, timeout=_SECONDS)
    if done.returncode == 0:
        done = processes.run([tools / "bin" / "cmake", "--build", build], cwd=room, timeout=_SECONDS)
    program = next(iter(sorted(build.glob("probe*"))), build / "probe")
    return _tried(environment, done, program, prefix=_cached(build, f"{package}_DIR"), flags=[])


def _cached(build: Path, name: str) -> str:
    """Return where CMake found the package: the folder of its files."""
    cache = build / "CMakeCache.txt"
    text = cache.read_text(encoding="utf-8") if cache.is_file() else ""
    found = re.search(rf"^{name}:PATH=(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def _tried(
    environment: Environment, done: processes.Finished, program: Path, *, prefix: str, flags: Sequence[str]
) -> JsonObject:
    inside = _relative(prefix, environment.prefix)
    if done.returncode:
        lines = done.output.decode(errors="replace").splitlines()[-15:]
        return _answer(prefix=inside, flags=[_relative(flag, environment.prefix) for flag in flags], lines=lines)
    output = None
    lines = []
    if environment.runner is not None:
        runner = environment.runner
        variables: Mapping[str, str] = environments.variables(environment)
        ran = processes.run(runner.command([program]), environment=variables, timeout=_SECONDS)
        lines = ran.output.decode(errors="replace").splitlines()[-5:]
        runner.check(ran.returncode, lines, environment.artifact.cell.id)
        output = lines[-1].strip() if lines and ran.returncode == 0 else ""
    shown = [_relative(flag, environment.prefix) for flag in flags]
    return _answer(ok=True, prefix=inside, flags=shown, output=output, lines=lines)


def _answer(
    *,
    ok: bool = False,
    prefix: str = "",
    flags: Sequence[str] = (),
    output: str | None = None,
    lines: Sequence[str] = (),
) -> JsonObject:
    return {"ok": ok, "prefix": prefix, "flags": list(flags), "output": output, "lines": list(lines)}


def _relative(text: str, prefix: Path) -> str:
    return text.replace(str(prefix), "PREFIX")
