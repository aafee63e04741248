"""``rpath-inside-prefix``: what the loader is told to search lies in the prefix, and what is needed is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude
from kafka_forge.inspection.binaries import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.values.evidence import BinaryFile, InspectEvidence
    from kafka_forge.values.model import CheckResult


class RpathInsidePrefix:
    """An absolute or too long way up works on the build machine, and takes the system's library elsewhere."""

    id = "rpath-inside-prefix"
    title = "search paths lead inside the prefix, and every needed library is there or part of the system's C library"
    remedy = (
        "link with a search path relative to the file ($ORIGIN/…) that ends in the prefix's lib, and depend "
        "on what is needed"
    )
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result over all binaries of the artifact; an artifact without any cannot keep this promise."""
        problems = [problem for binary in evidence.binaries for problem in _problems(binary)]
        if not evidence.binaries:
            problems = ["the package has no binary"]
        shown = {binary.path: {"rpaths": list(binary.rpaths), "found": binary.found} for binary in evidence.binaries}
        count = sum(len(binary.needed) for binary in evidence.binaries)
        good = f"{len(evidence.binaries)} binaries, {count} needed libraries, all found"
        return [conclude(self.id, problems, good, {"binaries": shown})]


def _problems(binary: BinaryFile) -> Iterator[str]:
    for rpath in binary.rpaths:
        if inside(binary, rpath) is None:
            yield f"{binary.path}: the search path {rpath} leads out of the prefix"
    for library, place in binary.found.items():
        if not place:
            yield f"{binary.path}: nothing in the package or its dependencies brings {library} to its search path"


CHECK = RpathInsidePrefix()
