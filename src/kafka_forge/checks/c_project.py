"""``c-project``: a small C program is built against the installed package, found by pkg-config and by CMake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kafka_forge.checks._inspecting import conclude
from kafka_forge.contract import Model

if TYPE_CHECKING:
    from kafka_forge.evidence import InspectEvidence
    from kafka_forge.model import CheckResult

_ABSOLUTE = re.compile(r"(-[IL])?([A-Za-z]:)?[/\\]")


class Arguments(Model):
    """``pc``: the pkg-config file's name without its ending; ``cmake``: the CMake package."""

    pc: str
    cmake: str


class CProject:
    """A file that points to where the package was built is found, and leads nowhere."""

    id = "c-project"
    title = "the pkg-config and CMake files point into the prefix, and a small C project is built by them"
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result for each way."""
        names = {"pkg-config": arguments.pc, "cmake": arguments.cmake}
        return [self._one(way, name, evidence) for way, name in names.items()]

    def _one(self, way: str, name: str, evidence: InspectEvidence) -> CheckResult:
        seen: dict[str, Any] = evidence.c_project.get(way, {})
        problems = []
        if not seen.get("ok"):
            problems.append(f"no program was built with {name}: {'; '.join(seen.get('lines', [])[-2:])}")
        elif not seen["prefix"].startswith("PREFIX"):
            problems.append(f"{name} points to {seen['prefix'] or 'nowhere'}")
        problems += [
            f"{name} leads out of the prefix: {flag}" for flag in seen.get("flags", ()) if _ABSOLUTE.match(flag)
        ]
        version = evidence.environment.artifact.cell.version
        if seen.get("ok") and seen["output"] not in (None, version):
            problems.append(f"the program says {seen['output']!r}, the package is {version}")
        ran = "runs" if seen.get("output") else "was not run here"
        return conclude(f"{self.id}[{way}]", problems, f"found through {name}, linked, {ran}", seen)


CHECK = CProject()
