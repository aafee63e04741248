"""``files-of-its-own``: no other package of the environment brings a file of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_SHOWN = 5


class FilesOfItsOwn:
    """Which of the two is there depends on the order, and removing one package breaks the other (conda/conda#672)."""

    id = "files-of-its-own"
    title = "no file of the package is also another package's"
    remedy = "leave it out of this package, and depend on the other one"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge the records of the fresh environment."""
        shared: dict[str, str] = evidence.metadata.get("shared", {})
        problems = [f"{file} is also a file of {other}" for file, other in sorted(shared.items())[:_SHOWN]]
        return [conclude(self.id, problems, f"none of {len(evidence.files)} is shared", {"shared": shared})]


CHECK = FilesOfItsOwn()
