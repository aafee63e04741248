"""``one-librdkafka``: the running client has one librdkafka loaded, and it is the prefix's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.checks._inspecting import Bundling, conclude, not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class OneLibrdkafka:
    """A second copy (bundled in a wheel's way, linked in, the system's) is the one that no package update mends."""

    id = "one-librdkafka"
    title = "exactly one librdkafka is loaded, and it is the one in the prefix's library folder, or a wheel's own"
    remedy = "take the copy out of the package, and link with the librdkafka of the environment"
    stage = "inspect"
    arguments = Bundling
    shown_by = "probe"

    def judge(self, arguments: Bundling, evidence: InspectEvidence) -> list[CheckResult]:
        """Judge what the kernel says is mapped after all modules have been imported."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        loaded: list[str] = evidence.probe["librdkafka"]["loaded"]
        folder = platforms.of(evidence.environment.artifact.cell.platform).library_dir
        problems = []
        if len(loaded) != 1:
            none = evidence.probe["librdkafka"].get("refused") or "none"
            problems.append(f"{len(loaded)} copies of librdkafka are loaded: {', '.join(loaded) or none}")
        if arguments.bundled:
            problems += [f"{path} is not the package's own" for path in loaded if path not in evidence.files]
        elif not arguments.anywhere:
            problems += [f"{path} is not in the prefix's {folder}" for path in loaded if not _in(path, str(folder))]
        return [conclude(self.id, problems, f"{''.join(loaded)}, and no other", {"loaded": loaded})]


def _in(path: str, folder: str) -> bool:
    parent, _, leaf = path.rpartition("/")
    return parent == folder and "rdkafka" in leaf


CHECK = OneLibrdkafka()
