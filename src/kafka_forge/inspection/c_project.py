"""A small C project that is built against an installed package, as a user's would be: by pkg-config and by CMake.

The compiler is the toolkit's zig, for the artifact's platform; CMake comes from the base's channel. What is compiled
prints librdkafka's version; where programs of the platform can be run here, it is run.
"""

from __future__ import annotations

import os
import re
import shutil
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
        return {
            "pkg-config": _by_pkg_config(environment, pc, room, cache),
            "cmake": _by_cmake(environment, cmake, room, cache),
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


def required(fields: Mapping[str, str]) -> list[str]:
    """Return the modules that a pkg-config file requires; without those for static linking it gives no flags either.

    >>> required({"Requires": "libssl >= 3.0, zlib", "Requires.private": "liblz4"})
    ['libssl', 'zlib', 'liblz4']
    """
    text = f"{fields.get('Requires', '')} {fields.get('Requires.private', '')}"
    return re.sub(r"[<>!=]+\s*[^\s,]+|,", " ", text).split()


def _compiler(environment: Environment) -> list[str]:
    """Return the C compiler for the artifact's platform, with the options that make it so."""
    target = TARGETS[environment.artifact.cell.platform]
    return [userland.zig_program().as_posix(), "cc", "-target", target, "-fno-sanitize=undefined"]


def _run(command: Sequence[str | Path], room: Path, cache: Cache) -> processes.Finished:
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache.compiler), "ZIG_LOCAL_CACHE_DIR": str(room / "zig")}
    return processes.run(command, cwd=room, environment=os.environ | caches, timeout=_SECONDS)


def _by_pkg_config(environment: Environment, pc: str, room: Path, cache: Cache) -> JsonObject:
    platform = platforms.of(environment.artifact.cell.platform)
    file = environment.prefix / platform.library_dir.parent / "lib" / "pkgconfig" / f"{pc}.pc"
    if not file.is_file():
        return _answer(lines=[f"there is no {file.relative_to(environment.prefix)}"])
    fields = read_pc(file.read_text(encoding="utf-8"))
    if lacking := [name for name in required(fields) if not file.with_name(f"{name}.pc").is_file()]:
        return _answer(lines=[f"{pc}.pc requires {' '.join(lacking)}, which pkg-config would not find"])
    flags = f"{fields.get('Cflags', '')} {fields.get('Libs', '')}".split()
    windows = platform.binary_kind == "pe"
    program = room / ("by-pkg-config.exe" if windows else "by-pkg-config")
    rpath = [] if windows else [f"-Wl,-rpath,{file.parents[1]}"]
    command: list[str | Path] = [*_compiler(environment), room / "probe.c", *flags, *rpath, "-o", program]
    done = _run(command, room, cache)
    return _tried(environment, done, program, prefix=fields.get("prefix", ""), flags=flags)


def _by_cmake(environment: Environment, package: str, room: Path, cache: Cache) -> JsonObject:
    here = platforms.current()
    tools, build = room / "tools", room / "build"
    records = solving.solve(["cmake", "ninja"], environment.channels, here, what="CMake for a small project")
    environments.link(records, here, cache, tools, "CMake")
    version = environment.artifact.cell.version
    (room / "CMakeLists.txt").write_text(_LISTS.format(package=package, version=version), encoding="utf-8")
    cmake, ninja = (_program(tools, name) for name in ("cmake", "ninja"))
    system = _SYSTEMS[environment.artifact.cell.platform.partition("-")[0]]
    prefix = environment.prefix.as_posix()  # to CMake, a backslash is an escape
    command: list[str | Path] = [
        *(cmake, "-G", "Ninja", "-S", room, "-B", build),
        *(f"-DCMAKE_MAKE_PROGRAM={ninja.as_posix()}", f"-DCMAKE_C_COMPILER={';'.join(_compiler(environment))}"),
        *(f"-DCMAKE_SYSTEM_NAME={system}", "-DCMAKE_C_COMPILER_WORKS=1"),
        f"-DCMAKE_PREFIX_PATH={prefix};{prefix}/Library",
        # Nothing of this machine may be found, else a package that leads to what is missing would pass.
        *("-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF", "-DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF"),
    ]
    if system == "Windows":
        # CMake wants a compiler of resources there, and this project has none to compile
        command.append(f"-DCMAKE_RC_COMPILER={userland.zig_program().as_posix()}")
    done = _run(command, room, cache)
    if done.returncode == 0:
        done = _run([cmake, "--build", build], room, cache)
    program = build / ("probe.exe" if system == "Windows" else "probe")
    return _tried(environment, done, program, prefix=_cached(build, f"{package}_DIR"), flags=[])


def _program(tools: Path, name: str) -> Path:
    """Return a program of a prefix; where it is not there, the place that it should have."""
    path = os.pathsep.join(str(tools / folder) for folder in ("bin", "Library/bin"))
    return Path(shutil.which(name, path=path) or tools / "bin" / name)


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
    return text.replace(str(prefix), "PREFIX").replace(prefix.as_posix(), "PREFIX")
