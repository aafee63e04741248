"""``licenses``: the package names its license and carries the text of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Licenses:
    """Every license of these clients asks that its text goes with copies."""

    id = "licenses"
    title = "the package names its license, and carries its text"
    remedy = "name about/license and about/license_file in the recipe"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge ``info/about.json`` and ``info/licenses``."""
        name, files = evidence.metadata.get("license"), evidence.metadata.get("licenses", {})
        problems = [] if name else ["the package names no license"]
        if not any(files.values()):
            problems.append("the package carries no license text")
        return [conclude(self.id, problems, f"{name}: {', '.join(files)}", {"license": name, "files": files})]


CHECK = Licenses()
