"""Small C and C++ programs, built against an installed package as a user's would be: by pkg-config and by CMake.

They take tens of seconds, minutes under an emulator, and ask no broker: so what was good is kept, as `inspection.kept`
says.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache
from kafka_forge.inspection import c_program, cmake_project, kept, pkg_config
from kafka_forge.inspection.c_program import KINDS, LIBRARIES, Bench, Kind, answer

if TYPE_CHECKING:
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Environment, JsonObject


def build(environment: Environment, *, pc: str, cmake: str, progress: Progress) -> JsonObject:
    """Build the programs in every way, in a temporary folder.

    Args:
        environment: the artifact's fresh environment.
        pc: the C library's pkg-config name, for example ``rdkafka``; the C++ library's has ``++`` behind it.
        cmake: the CMake package, for example ``RdKafka``.
        progress: told about downloads.

    Returns:
        ``pkg-config``: ``{prefix, flags, programs, refused}``; ``cmake-oldest`` and ``cmake-newest``: see
        `cmake_project.by`. ``prefix`` is where the files point to, ``refused`` why a way was not tried, and each of
        ``programs`` is ``{language, library, uses, ok, needed, output, lines, refused}``: what it is linked with by
        the way's answer and whose functions it calls, whether it was built, the libraries that it asks the loader for,
        what it printed (None where it cannot be run), the last lines of what went wrong, and why it was not tried.
        ``ran``: when, in ISO 8601; ``reused``: whether that was before this run.

    Raises:
        SolveFailed, BaseUnreachable, InstallFailed: CMake cannot be had from the environment's channels.
        NoNetwork, SourceUnreachable, ChecksumMismatch: the oldest CMake cannot be obtained.
        DiskFull, NotWritable: the file system refuses.
    """
    runner = environment.runner
    programs = (__file__, c_program.__file__, cmake_project.__file__, pkg_config.__file__)
    ours = [*map(Path, programs), cmake_project.oldest_lock()]
    key = kept.key_of(
        environment,
        [pc, cmake, runner.emulator if runner else None],
        [kept.index_of(each, environment) for each in environment.channels],  # compilers and CMake come from there
        [sha256_of(each) for each in ours],
        kept.files_of(environment),
    )
    return kept.once(environment, "c-project", key, lambda: _build(environment, pc, cmake, progress), _all_built)


def _all_built(seen: JsonObject) -> bool:
    return all(program["ok"] or program["refused"] for way in seen.values() for program in way.get("programs", ()))


def _build(environment: Environment, pc: str, cmake: str, progress: Progress) -> JsonObject:
    cache = Cache.default()
    cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.work, prefix="c-project-") as name:
        bench = Bench(environment, Path(name), cache)
        bench.write()
        tools = bench.room / "tools"
        cmake_project.install(bench, tools)
        return {
            "pkg-config": _by_pkg_config(bench, pc),
            "cmake-oldest": cmake_project.by_oldest(bench, tools, cmake, progress),
            "cmake-newest": cmake_project.by(bench, cmake_project.newest(tools), tools, cmake),
        }


def _by_pkg_config(bench: Bench, pc: str) -> JsonObject:
    folder = bench.root / "lib" / "pkgconfig"
    names = dict(zip(LIBRARIES, (pc, f"{pc}++"), strict=True))
    shown: dict[str, list[str]] = {}
    prefixes: set[str] = set()
    for name in names.values():
        if (folder / f"{name}.pc").is_file():
            fields = pkg_config.read_pc((folder / f"{name}.pc").read_text(encoding="utf-8"))
            prefixes.add(bench.relative(fields.get("prefix", "")))
    programs = []
    for kind in KINDS:
        try:
            # Who calls the C library beside the C++ library asks for both: pkg-config links with what is asked for.
            asked = dict.fromkeys((names[kind.library], names[kind.uses]))
            flags = [flag for name in asked for flag in pkg_config.flags(folder, name)]
        except FileNotFoundError as error:
            programs.append(answer(kind, lines=[str(error)]))
            continue
        shown[" ".join(asked)] = [bench.relative(flag) for flag in flags]
        programs.append(_program(bench, kind, flags))
    return {
        "prefix": prefixes.pop() if len(prefixes) == 1 else " and ".join(sorted(prefixes)),
        "flags": shown,
        "programs": programs,
        "refused": "",
    }


def _program(bench: Bench, kind: Kind, flags: list[str]) -> JsonObject:
    if foreign := bench.foreign(kind):
        return answer(kind, refused=foreign)
    program = bench.room / f"by-pkg-config-{kind.language}-{kind.library}{'.exe' if bench.windows else ''}"
    rpath = [] if bench.windows else [f"-Wl,-rpath,{bench.root / 'lib'}"]
    command: list[str | Path] = [
        *bench.compiler(kind.language),
        *bench.objects(),
        bench.room / kind.source,
        *flags,
        *rpath,
        "-o",
        program,
    ]
    return bench.tried(kind, bench.run(command), program)
