"""``glibc-floor``: the package asks for the C library that its binaries need.

The floor is what the package declares: ``__glibc >=2.17`` among its run dependencies, which the compiler's sysroot
puts there (``run_exports``). What is needed are the versioned symbols of its binaries (``GLIBC_2.17``). A solver
trusts the declaration alone, so the promise is broken where there is none, and where a binary needs a newer symbol
than is declared: the package would install on a system on which it cannot be loaded.

Needing less than declared breaks no promise. Whether a newer symbol is used depends on which functions are called, not
on the floor that was compiled for, and a declaration that followed it would change from build to build. Both numbers
are in the evidence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_DECLARED = re.compile(r"^__glibc\s+>=(\d+)\.(\d+)")


class GlibcFloor:
    """Applies to ELF binaries."""

    id = "glibc-floor"
    title = "the declared glibc is at least the one whose symbols the binaries need"
    remedy = "put stdlib('c') beside the compiler in the recipe, and compile for the floor that it declares"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result over all binaries; an artifact that needs no glibc cannot keep this promise."""
        needed = {binary.path: binary.glibc for binary in evidence.binaries if binary.glibc}
        bounds = [found for text in evidence.depends if (found := _DECLARED.match(text))]
        declared = max(((int(found[1]), int(found[2])) for found in bounds), default=None)
        problems = []
        if not needed:
            problems.append("no binary needs a glibc symbol")
        if declared is None:
            problems.append("the package declares no __glibc floor")
        else:
            problems += [
                f"{path} needs glibc {_dotted(version)}, declared is {_dotted(declared)}"
                for path, version in needed.items()
                if version > declared
            ]
        highest = max(needed.values(), default=None)
        shown = {"declared": _dotted(declared), "needed": _dotted(highest), "by file": _each(needed)}
        return [conclude(self.id, problems, f"declared {_dotted(declared)}, needed {_dotted(highest)}", shown)]


def _dotted(version: tuple[int, int] | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None


def _each(needed: dict[str, tuple[int, int]]) -> dict[str, str | None]:
    return {path: _dotted(version) for path, version in needed.items()}


CHECK = GlibcFloor()
