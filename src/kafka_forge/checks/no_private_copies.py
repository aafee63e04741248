"""``no-private-copies``: no binary of the package holds a library that another package is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kafka_forge.checks._inspecting import conclude
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Arguments(Model):
    """``own``: the libraries that the package itself is for."""

    own: tuple[Literal["librdkafka", "openssl", "zlib", "lz4"], ...] = ()


class NoPrivateCopies:
    """A copy under another name, or linked in, is mended by no update, and is a second one in its process."""

    id = "no-private-copies"
    title = "no binary holds librdkafka, OpenSSL, zlib or lz4, which have packages of their own"
    remedy = "link with the shared library of the host environment, and depend on its package"
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Judge the marks that were found in the binaries."""
        seen: dict[str, list[str]] = evidence.metadata.get("copies", {})
        problems = [
            f"{file} holds a copy of {library}"
            for file, libraries in sorted(seen.items())
            for library in libraries
            if library not in arguments.own
        ]
        good = f"none in {len(evidence.binaries)} binaries"
        return [conclude(self.id, problems, good, {"copies": seen})]


CHECK = NoPrivateCopies()
