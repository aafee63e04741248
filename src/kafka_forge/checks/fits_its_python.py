"""``fits-its-python``: every file that is for one Python is for the one that the package is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude
from kafka_forge.values import python_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_FOLDER = re.compile(r"^lib/python(\d+\.\d+t?)/")
_TAG = re.compile(r"\.(?:cpython-|cp)(\d)(\d+)(t?)[^/]*\.(?:so|pyd|pyc)$")
_SHOWN = 5


class FitsItsPython:
    """A module for another Python is not found, and a compiled file of another one is passed over in silence."""

    id = "fits-its-python"
    title = "folders, extension modules and compiled files are of the Python that the package asks for"
    remedy = "build it for the one Python that it asks for, or correct the recipe's Python"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge the files' names, and the build string's tag."""
        cell = evidence.environment.artifact.cell
        strange = [f"{file} is of Python {found}" for file, found in _found(evidence.files) if found != cell.python]
        asked = {named for spec in evidence.depends if (named := _abi(spec))}
        problems = strange[:_SHOWN] if not cell.noarch else []
        if len(problems) < len(strange) and not cell.noarch:
            problems.append(f"and {len(strange) - _SHOWN} more")
        tag = re.match(r"py(\d)(\d+)h", cell.build)
        if tag and asked and f"{tag[1]}.{tag[2]}" not in {python_names.version(each) for each in asked}:
            problems.append(f"the build string says Python {tag[1]}.{tag[2]}, the package asks for {', '.join(asked)}")
        return [conclude(self.id, problems, f"Python {cell.python or 'any'}", {"strange": strange, "asks": [*asked]})]


def _found(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    for file in sorted(files):
        if tag := _TAG.search(file):
            yield file, f"{tag[1]}.{tag[2]}{tag[3]}"
        elif folder := _FOLDER.match(file):
            yield file, folder[1]


def _abi(spec: str) -> str | None:
    name, _, wanted = spec.partition(" ")
    return python_names.named(wanted) if name == "python_abi" else None


CHECK = FitsItsPython()
