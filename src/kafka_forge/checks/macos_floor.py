"""``macos-floor``: the package runs on the macOS that the contract says, and its binaries and its metadata agree.

A solver trusts the metadata alone (``__osx >=11.0``, which the compiler's ``run_exports`` put there); the loader
refuses a library that was linked for a newer system.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude
from kafka_forge.contract import Model

if TYPE_CHECKING:
    from kafka_forge.evidence import InspectEvidence
    from kafka_forge.model import CheckResult

_DECLARED = re.compile(r"^__osx\s+>=(\d+)\.(\d+)$")


class Arguments(Model):
    """``oldest``: the oldest macOS, for example ``"11.0"``."""

    oldest: str = Field(pattern=r"^\d+\.\d+$")


class MacosFloor:
    """Applies to Mach-O binaries."""

    id = "macos-floor"
    title = "the binaries are linked for the oldest macOS that is promised, and the package declares it"
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result over all binaries; an artifact without any cannot keep this promise."""
        linked = {binary.path: _dotted(binary.macho.minos) for binary in evidence.binaries if binary.macho}
        declared = [
            _dotted((int(found[1]), int(found[2]))) for each in evidence.depends if (found := _DECLARED.match(each))
        ]
        problems = [
            f"{path} is linked for {version}" for path, version in linked.items() if version != arguments.oldest
        ]
        problems += [] if linked else ["the package has no Mach-O binary"]
        if declared != [arguments.oldest]:
            problems.append(f"the package declares {', '.join(map(str, declared)) or 'no'} __osx")
        shown = {"promised": arguments.oldest, "declared": declared, "by file": linked}
        return [conclude(self.id, problems, f"macOS {arguments.oldest}, declared and linked", shown)]


def _dotted(version: tuple[int, int] | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None


CHECK = MacosFloor()
