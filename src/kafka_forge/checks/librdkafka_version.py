"""``librdkafka-version``: the library that runs is of the version that the installed package claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import Bundling, conclude, not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class LibrdkafkaVersion:
    """Asked of the loaded library itself (``rd_kafka_version_str``), and of the client where it has an opinion."""

    id = "librdkafka-version"
    title = "the version of librdkafka at run time is that of the installed package"
    remedy = "see that package and library come of one build, and that the client is built anew on it"
    stage = "inspect"
    arguments = Bundling
    shown_by = "probe"

    def judge(self, arguments: Bundling, evidence: InspectEvidence) -> list[CheckResult]:
        """Compare the run time with the environment's package list."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        seen = evidence.probe["librdkafka"]
        if arguments.bundled or arguments.anywhere:
            return [_asked(self.id, seen, "the package's own copy" if arguments.bundled else seen["path"])]
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


def _asked(check: str, seen: JsonObject, whose: str) -> CheckResult:
    """Judge a copy that no package of ours brings: only the client can be asked which one it means to have."""
    problems = []
    if seen["version"] is None:
        problems.append("no librdkafka is loaded that could be asked for its version")
    elif seen["client"] not in (None, seen["version"]):
        problems.append(f"the library that runs is {seen['version']}, the client says {seen['client']}")
    shown = {"library": seen["version"], "number": seen["number"], "client": seen["client"]}
    return conclude(check, problems, f"{seen['version']} at run time, {whose}", shown)


CHECK = LibrdkafkaVersion()
