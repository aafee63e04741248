"""``sbom``: the package carries its bill of materials, and that is about this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Sbom:
    """What a file is made of is asked of whoever has the file alone (conda/ceps#127): so it stands in it."""

    id = "sbom"
    title = "the package carries a CycloneDX document of what it is made of"
    remedy = "build the package anew: `kafka-forge build` writes it"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge ``info/sboms``."""
        found = evidence.metadata.get("sbom") or {}
        problems = list(found.get("problems", ())) if found else ["the package has no bill of materials in info/sboms"]
        has = ", ".join(f"{count} {name}" for name, count in found.get("has", {}).items() if count)
        return [conclude(self.id, problems, f"{found.get('file')}: {has}", dict(found))]


CHECK = Sbom()
