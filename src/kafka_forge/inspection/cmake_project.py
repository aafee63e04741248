"""The small programs built by CMake, as a user's project would be, with the oldest CMake and the newest.

The oldest is the one that the package's own file names (``cmake_policy(VERSION 3.6...4.0)``), or the oldest after it
that there is for this machine: a wheel of the Python index, locked in ``bootstrap/oldest.yaml``. The newest, and ninja,
come from the base's channel.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.bases import tools as tools_lock
from kafka_forge.channels import solving
from kafka_forge.emulators import shelf
from kafka_forge.environments import environment as environments
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection.c_program import KINDS, Bench, Kind, answer

if TYPE_CHECKING:
    from kafka_forge.ground import processes
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import JsonObject

_PROJECT = """\
cmake_minimum_required(VERSION 3.6...4.0)
project(probe {language})
find_package({package} {version} CONFIG REQUIRED)
"""
_PROGRAM = """\
add_executable(with-{library} "{source}")
target_link_libraries(with-{library} PRIVATE {package}::{library})
"""
_ASKING = """\
cmake_minimum_required(VERSION 3.6...4.0)
project(asking NONE)
"""
_QUESTION = """\
find_package({package} {wanted} CONFIG QUIET)
message(STATUS "{wanted}: ${{{package}_FOUND}}")
"""
_SYSTEMS = {"linux": "Linux", "osx": "Darwin", "win": "Windows"}
_RANGES_SINCE = (3, 19)  # https://cmake.org/cmake/help/latest/release/3.19.html


def by_oldest(bench: Bench, tools: Path, package: str, progress: Progress) -> JsonObject:
    """Build the programs with the oldest CMake that the package's file names.

    Returns:
        As `by`, with the version that it names as ``claimed``; ``refused`` where it names none, or where there is no
        such CMake for this machine.
    """
    file = bench.root / "lib" / "cmake" / package / f"{package}Config.cmake"
    claimed = claims(file.read_text(encoding="utf-8")) if file.is_file() else ""
    if not claimed:
        return _refused(f"{file.name} names no oldest CMake")
    lock = oldest_lock()
    name = oldest(lock, claimed, platforms.current())
    if name is None:
        return _refused(f"{lock.name} has no CMake of {claimed} or later for {platforms.current()}", claimed)
    folder = shelf.ensure(name, bench.cache, progress, lock=lock)
    return by(bench, _program(folder, "cmake"), tools, package) | {"claimed": claimed}


def oldest_lock() -> Path:
    """Return the file that locks the oldest CMake for each platform."""
    return project_root() / "bootstrap" / "oldest.yaml"


def oldest(lock: Path, claimed: str, platform: str) -> str | None:
    """Return the name of the oldest locked CMake for a platform that is not older than the one claimed; None for none.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    names = [each.name for each in tools_lock.load(lock, platform) if each.name.startswith("cmake-")]
    return min((name for name in names if _numbers(name) >= _numbers(claimed)), key=_numbers, default=None)


def by(bench: Bench, cmake: Path, tools: Path, package: str) -> JsonObject:
    """Build the programs with a CMake, each language by itself, and ask it for versions of the package.

    Args:
        bench: has the artifact's environment.
        cmake: the program.
        tools: a prefix with ninja.
        package: what ``find_package`` is asked for.

    Returns:
        ``{version, prefix, programs, asked, wrong, refused}``: CMake's version, where it found the package, one answer
        for each program, how many versions it was asked for, and those of them that were found or not found wrongly.
    """
    version = bench.run([cmake, "--version"]).output.decode(errors="replace").split()[2]
    places: list[str] = []
    programs: list[JsonObject] = []
    for language in ("C", "CXX"):
        kinds = [kind for kind in KINDS if kind.language == language]
        source = bench.room / f"{version}-{language}"
        text = _PROJECT.format(language=language, package=package, version=bench.environment.artifact.cell.version)
        for kind in kinds:
            text += _PROGRAM.format(library=kind.library, source=f"../{kind.source}", package=package)
        programs += _language(bench, [cmake, *_tools(tools)], source, text, kinds)
        places.append(_cached(source / "build", f"{package}_DIR"))
    asked = questions(bench.environment.artifact.cell.version, ranges=_numbers(version) >= _RANGES_SINCE)
    return {
        "version": version,
        "prefix": bench.relative(next(iter(set(places)), "") if len(set(places)) == 1 else ""),
        "programs": programs,
        "asked": len(asked),
        "wrong": _wrong(bench, [cmake, *_tools(tools)], package, asked, bench.room / f"{version}-asking"),
        "refused": "",
    }


def newest(tools: Path) -> Path:
    """Return the CMake of a prefix that `install` has made."""
    return _program(tools, "cmake")


def install(bench: Bench, tools: Path) -> None:
    """Install CMake and ninja from the environment's channels into a prefix.

    Raises:
        SolveFailed, BaseUnreachable, InstallFailed: see `environment.link`.
    """
    here = platforms.current()
    records = solving.solve(["cmake", "ninja"], bench.environment.channels, here, what="CMake for a small project")
    environments.link(records, here, bench.cache, tools, "CMake")


def claims(text: str) -> str:
    """Return the oldest CMake that a package's file names; empty where it names none.

    >>> claims("cmake_policy(PUSH)\\ncmake_policy(VERSION 3.6...4.0)"), claims("# nothing")
    ('3.6', '')
    """
    found = re.search(r"cmake_(?:policy|minimum_required)\(VERSION\s+(\d+\.\d+)", text)
    return found[1] if found else ""


def questions(version: str, *, ranges: bool) -> dict[str, bool]:
    """Return what ``find_package`` may be asked for → whether a package of a version is that.

    As CMake defines exactness and ranges; without a range, any later version will do.

    >>> [asked for asked, right in questions("2.14.2", ranges=False).items() if right]
    ['2.14.2', '2.14.2 EXACT', '2.14', '2.0']
    """
    major, minor, patch = (*_numbers(version), 0, 0)[:3]
    answers = {
        version: True,
        f"{version} EXACT": True,
        f"{major}.{minor}": True,
        f"{major}.0": True,
        f"{major}.{minor}.{patch + 1}": False,
        f"{major}.{minor + 1}": False,
        f"{major + 1}": False,
        f"{major}.{minor}.{patch + 1} EXACT": False,
        f"{major}.{minor + 1} EXACT": False,
    }
    if ranges:
        answers |= {
            f"{major}.0...{version}": True,
            f"{major}.0...<{major}.{minor + 1}": True,
            f"{major}.0...{major + 1}": True,
            f"{major}.0...<{version}": False,
            f"{major}.0...<{major}.{minor}": False,
            f"{major}.{minor}.{patch + 1}...{major + 1}": False,
        }
        answers[f"{major}.0...{major}.{minor}"] = not patch
    return answers


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _language(bench: Bench, cmake: list[str | Path], source: Path, text: str, kinds: list[Kind]) -> list[JsonObject]:
    foreign = {kind: bench.foreign(kind) for kind in kinds}
    build = source / "build"
    done = _configure(bench, cmake, source, text, kinds[0].language)
    if done.returncode:
        return [answer(kind, lines=bench.told(done)) for kind in kinds]
    found = []
    for kind in kinds:
        if foreign[kind]:
            found.append(answer(kind, refused=foreign[kind]))
            continue
        built = bench.run([cmake[0], "--build", build, "--target", f"with-{kind.library}"])
        program = build / f"with-{kind.library}{'.exe' if bench.windows else ''}"
        found.append(bench.tried(kind, built, program))
    return found


def _configure(bench: Bench, cmake: list[str | Path], source: Path, text: str, *languages: str) -> processes.Finished:
    source.mkdir()
    (source / "CMakeLists.txt").write_text(text, encoding="utf-8")
    prefix = bench.environment.prefix.as_posix()  # to CMake, a backslash is an escape
    system = _SYSTEMS[bench.environment.artifact.cell.platform.partition("-")[0]]
    command: list[str | Path] = [
        *cmake,
        # the last two of these words are spelled -S and -B since 3.13
        *("-G", "Ninja", f"-H{source.as_posix()}", f"-B{(source / 'build').as_posix()}"),
        *(f"-DCMAKE_SYSTEM_NAME={system}", f"-DCMAKE_PREFIX_PATH={prefix};{prefix}/Library"),
        # Nothing of this machine may be found, else a package that leads to what is missing would pass.
        *(f"-DCMAKE_FIND_ROOT_PATH={prefix}", "-DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY"),
        *("-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY", "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"),
    ]
    for language in languages:
        program, *arguments = bench.compiler(language)
        command += [f"-DCMAKE_{language}_COMPILER={program}", f"-DCMAKE_{language}_COMPILER_WORKS=1"]
        command.append(f"-DCMAKE_{language}_COMPILER_ARG1={' '.join(arguments)}")
    if objects := bench.objects():
        command.append(f"-DCMAKE_EXE_LINKER_FLAGS={' '.join(objects)}")
    if system == "Darwin":
        # that of macOS 11.0; an old CMake that is not told (it sees another system here) has no search paths for macOS
        command.append("-DCMAKE_SYSTEM_VERSION=20.1.0")
    if bench.windows:
        # CMake wants a compiler of resources there, and this project has none to compile
        command.append(f"-DCMAKE_RC_COMPILER={bench.compiler('C')[0]}")
    return bench.run(command)


def _wrong(bench: Bench, cmake: list[str | Path], package: str, asked: dict[str, bool], source: Path) -> list[str]:
    """Ask for each version, and return those that were answered wrongly, with what CMake said."""
    text = _ASKING + "".join(_QUESTION.format(package=package, wanted=wanted) for wanted in asked)
    done = _configure(bench, cmake, source, text)
    said = done.output.decode(errors="replace")
    if done.returncode:
        return bench.told(done)[-2:]
    answers = dict(re.findall(r"^-- (.*): (\S*)$", said, re.MULTILINE))
    wrong = {
        wanted: answers.get(wanted, "") for wanted, right in asked.items() if (answers.get(wanted) == "1") != right
    }
    return [f"{wanted} is {'found' if found == '1' else 'not found'}" for wanted, found in wrong.items()]


def _refused(why: str, claimed: str = "") -> JsonObject:
    return {
        "version": "",
        "claimed": claimed,
        "prefix": "",
        "programs": [],
        "asked": 0,
        "wrong": [],
        "refused": why,
    }


def _tools(tools: Path) -> list[str | Path]:
    return [f"-DCMAKE_MAKE_PROGRAM={_program(tools, 'ninja').as_posix()}"]


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
