"""``fits-its-platform``: a package for one platform holds binaries for it, and one for every platform holds none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_MACHINES = {"linux-64": "x86_64", "linux-aarch64": "aarch64", "linux-ppc64le": "ppc64le"}


class FitsItsPlatform:
    """A solver believes the index: what lies in the files comes to light where they are loaded, if ever."""

    id = "fits-its-platform"
    title = "binaries are of the platform that the package is for, and a noarch package has none"
    remedy = "build it with the compiler of its platform, or leave the binary out of a package for every platform"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge the binaries, and the index's own words."""
        cell, index = evidence.environment.artifact.cell, evidence.metadata.get("index", {})
        problems = []
        if cell.noarch:
            problems += [f"{binary.path} is a binary in a noarch package" for binary in evidence.binaries]
            if index.get("platform"):  # conda refuses the whole transaction, though py-rattler installs it
                problems.append(f"a noarch package may not say platform: {index['platform']}")
        wanted = _MACHINES.get(cell.platform)
        problems += [
            f"{file} is for {machine}, the package for {cell.platform}"
            for file, machine in evidence.metadata.get("machines", {}).items()
            if wanted and machine != wanted
        ]
        shown = {"subdir": index.get("subdir"), "machines": evidence.metadata.get("machines", {})}
        return [conclude(self.id, problems, f"{len(evidence.binaries)} binaries for {cell.subdir}", shown)]


CHECK = FitsItsPlatform()
