"""``no-build-paths``: no file of the artifact holds a path of the machine that built it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class NoBuildPaths:
    """Such a path breaks where the program believes it, and differs from build to build where it does not."""

    id = "no-build-paths"
    title = "no file holds a path of the build machine, but for the registered prefix placeholder"
    remedy = "leave the path out of the file, or let the engine know it as the prefix's placeholder"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge what `inspection.paths.scan` found."""
        problems = [f"{file}: {found[0]}" for file, found in evidence.build_paths.items()]
        good = f"none in {len(evidence.files)} files"
        return [conclude(self.id, problems, good, {"files": len(evidence.files), "found": evidence.build_paths})]


CHECK = NoBuildPaths()
