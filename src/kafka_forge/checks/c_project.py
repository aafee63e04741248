"""``c-project``: small C and C++ programs are built against the installed package, found by pkg-config and by CMake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kafka_forge.checks._inspecting import conclude, since
from kafka_forge.values.contract import Model
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.values.evidence import InspectEvidence

_ABSOLUTE = re.compile(r"(-[IL])?([A-Za-z]:)?[/\\]")
_LANGUAGES = {"C": "C", "CXX": "C++"}


class Arguments(Model):
    """``pc``: the C library's pkg-config file without its ending (the C++ library's has ++); ``cmake``: the package."""

    pc: str
    cmake: str


class CProject:
    """A file that points to where the package was built is found, and leads nowhere; one that has the C++ library's
    target lead to the C library compiles all of C."""

    id = "c-project"
    title = (
        "the pkg-config and CMake files point into the prefix, and small C and C++ projects are built by them, with "
        "the oldest CMake that they are for and the newest"
    )
    remedy = (
        "correct the paths, the version or the libraries that the .pc and CMake files name, and try them on "
        "a small program"
    )
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result for each way."""
        names = {"pkg-config": arguments.pc, "cmake-oldest": arguments.cmake, "cmake-newest": arguments.cmake}
        return [self._one(way, name, evidence) for way, name in names.items()]

    def _one(self, way: str, name: str, evidence: InspectEvidence) -> CheckResult:
        seen: dict[str, Any] = evidence.c_project.get(way, {})
        check = f"{self.id}[{way}]"
        if seen.get("refused"):
            return CheckResult(check, Verdict.INSPECTED, f"not tried: {seen['refused']}", seen)
        programs = seen.get("programs", [])
        problems = [] if programs else [f"no program was built with {name}"]
        if any(program["ok"] for program in programs) and not seen["prefix"].startswith("PREFIX"):
            problems.append(f"{name} points to {seen['prefix'] or 'nowhere'}")
        problems += [
            f"{module} leads out of the prefix: {flag}"
            for module, flags in seen.get("flags", {}).items()
            for flag in flags
            if _ABSOLUTE.match(flag)
        ]
        version = evidence.environment.artifact.cell.version
        for program in programs:
            problems += _problems(program, version)
        problems += [f"a package of {version}: {answer}" for answer in seen.get("wrong", ())]
        before = since(evidence.c_project)
        return conclude(check, problems, _good(name, seen) + (f"; seen {before}" if before else ""), seen)


def _problems(program: dict[str, Any], version: str) -> Iterator[str]:
    """Give what is wrong with one program."""
    what = f"{_LANGUAGES[program['language']]} with {program['library']}"
    if program["refused"]:
        return
    if not program["ok"]:
        yield f"{what} was not built: {'; '.join(program['lines'][-2:])}"
        return
    if program["uses"] not in program["needed"]:
        yield f"{what} is not linked with {program['uses']}, but with {', '.join(program['needed'])}"
    if program["library"] == "rdkafka" and "rdkafka++" in program["needed"]:
        yield f"{what} is linked with rdkafka++"
    if program["output"] not in (None, version):
        yield f"{what} says {program['output']!r}, the package is {version}"


def _good(name: str, seen: dict[str, Any]) -> str:
    """Return the sentence for what has nothing wrong."""
    programs = seen.get("programs", [])
    built = [program for program in programs if not program["refused"]]
    found = f"by CMake {seen['version']}" if seen.get("version") else "by pkg-config"
    ran = "run" if all(program["output"] is not None for program in built) else "were not run here"
    text = f"{len(built)} programs in C and C++ find {name} {found}, link the right libraries, and {ran}"
    if asked := seen.get("asked"):
        text += f"; {asked} versions and ranges are answered"
    if (claimed := seen.get("claimed")) and not seen["version"].startswith(f"{claimed}."):
        text += f"; CMake {claimed}, which it is for, was not to be had for this machine"
    left = dict.fromkeys(program["refused"] for program in programs if program["refused"])
    return text + "".join(f"; C++ was not linked: {why}" for why in left)


CHECK = CProject()
