"""``package-contents``: the package has the files that it should have, and none that it should not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import model_validator

from kafka_forge.checks._inspecting import conclude
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Arguments(Model):
    """Patterns (`fnmatch`; ``*`` crosses folders) over the paths of the package's files, relative to the prefix.

    ``has``: each must match a file; ``lacks``: none may.
    """

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Arguments:
        if not self.has and not self.lacks:
            raise ValueError("name a pattern under has or lacks")
        return self


class PackageContents:
    """Headers and pkg-config files go with a library; static archives, test suites and other packages' files do not."""

    id = "package-contents"
    title = "the package holds the promised files, and none of the unwanted"
    remedy = "install what is missing, and leave out what is unwanted, in the recipe's build script"
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Judge the package's own list of files."""
        matches = {pattern: _matches(evidence.files, pattern) for pattern in (*arguments.has, *arguments.lacks)}
        problems = [f"nothing matches {pattern}" for pattern in arguments.has if not matches[pattern]]
        problems += [f"{matches[pattern][0]} is unwanted" for pattern in arguments.lacks if matches[pattern]]
        count = len(arguments.has) + len(arguments.lacks)
        shown = {"files": len(evidence.files), "matches": {pattern: found[:5] for pattern, found in matches.items()}}
        return [conclude(self.id, problems, f"{len(evidence.files)} files, {count} patterns", shown)]


def _matches(files: tuple[str, ...], pattern: str) -> list[str]:
    return [file for file in files if fnmatchcase(file, pattern)]


CHECK = PackageContents()
