"""``macos-floor``: the package runs on the macOS that its base compiles for, and binaries and metadata agree.

The floor is the base's: the ``c_stdlib_version`` that the package was built with, which is the version of
``macosx_deployment_target`` that ``stdlib("c")`` asks for (conda-forge's knowledge base, "Requiring newer macOS SDKs").
A solver trusts the metadata alone (``__osx >=11.0``, which that package's ``run_exports`` put there); the loader
refuses a library that was linked for a newer system.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_DECLARED = re.compile(r"^__osx\s+>=(\d+)\.(\d+)$")
_STDLIB = "macosx_deployment_target"


class MacosFloor:
    """Applies to Mach-O binaries."""

    id = "macos-floor"
    title = "the binaries are linked for the oldest macOS that the base compiles for, and the package declares it"
    remedy = "link for the macosx_deployment_target of the base, and let stdlib('c') declare it"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result over all binaries; an artifact without any cannot keep this promise."""
        floor = evidence.variant.get("c_stdlib_version") if evidence.variant.get("c_stdlib") == _STDLIB else None
        linked = {binary.path: _dotted(binary.macho.minos) for binary in evidence.binaries if binary.macho}
        declared = [
            _dotted((int(found[1]), int(found[2]))) for each in evidence.depends if (found := _DECLARED.match(each))
        ]
        problems = [] if linked else ["the package has no Mach-O binary"]
        if floor is None:
            problems.append(f"the package does not say for which {_STDLIB} it was built (info/hash_input.json)")
        else:
            problems += [f"{path} is linked for {version}" for path, version in linked.items() if version != floor]
            if declared != [floor]:
                problems.append(f"the package declares {', '.join(map(str, declared)) or 'no'} __osx")
        shown = {"of the base": floor, "declared": declared, "by file": linked}
        return [conclude(self.id, problems, f"macOS {floor}, as the base has it: declared and linked", shown)]


def _dotted(version: tuple[int, int] | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None


CHECK = MacosFloor()
