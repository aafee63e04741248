"""``headers-agree``: the C and C++ headers are of the version that the package is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


_SHOWN = 5


class Arguments(Model):
    """``headers``: the files that say a version, relative to the prefix."""

    headers: tuple[str, ...] = Field(min_length=1)


class HeadersAgree:
    """What is compiled by newer headers asks the library for symbols that it has not; librdkafka++ has no stable ABI
    between minor versions, so there other headers make other tables of virtual functions."""

    id = "headers-agree"
    title = "the headers are of the package's own version, and declare what its libraries have"
    remedy = "install headers and library of the same source, in one build"
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Compare what the headers say with the package's version, and what they declare with its libraries."""
        seen, own = evidence.metadata.get("headers", {}), evidence.environment.artifact.cell.version
        problems = [
            f"{file} is of {seen.get(file, 'no version')}, the library of {own}"
            for file in arguments.headers
            if seen.get(file) != own
        ]
        undefined: dict[str, list[str]] = evidence.metadata.get("undefined", {})
        problems += [
            f"{file} declares {', '.join(names[:_SHOWN])}, which the library does not have"
            for file, names in undefined.items()
        ]
        return [
            conclude(
                self.id,
                problems,
                f"{len(arguments.headers)} headers of {own}",
                {"headers": seen, "undefined": undefined},
            )
        ]


CHECK = HeadersAgree()
