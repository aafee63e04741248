"""``librdkafka-version``: the library that runs is of the version that the installed package claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude, not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class LibrdkafkaVersion:
    """Asked of the loaded library itself (``rd_kafka_version_str``), and of the client where it has an opinion."""

    id = "librdkafka-version"
    title = "the version of librdkafka at run time is that of the installed package"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Compare the run time with the environment's package list."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        seen = evidence.probe["librdkafka"]
        packages = {package.name: package.version for package in evidence.environment.packages}
        installed = packages.get("librdkafka")
        problems = []
        if installed is None:
            problems.append("no librdkafka package is installed")
        elif seen["version"] != installed:
            problems.append(f"the package is {installed}, the library that runs {seen['version'] or 'cannot be asked'}")
        if seen["client"] not in (None, installed):
            problems.append(f"the client says that it uses {seen['client']}")
        shown = {"package": installed, "library": seen["version"], "number": seen["number"], "client": seen["client"]}
        return [conclude(self.id, problems, f"{installed} at run time", shown)]


CHECK = LibrdkafkaVersion()
