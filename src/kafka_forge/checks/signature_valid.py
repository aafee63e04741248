"""``signature-valid``: each binary's code signature matches its bytes, as they stand in the installed prefix.

Apple's own processors run nothing else. On Intel a signature may be absent, but one that is there is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class SignatureValid:
    """A packager changes search paths after linking, and with them the bytes that the linker has signed."""

    id = "signature-valid"
    title = "the code signatures match the installed files"
    remedy = "sign the file again after the last change of it (codesign --force --sign -)"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result over all binaries; an artifact without any cannot keep this promise."""
        needed = evidence.environment.artifact.cell.platform == "osx-arm64"
        problems = list(_problems(evidence, needed))
        signed = {
            binary.path: {"ad hoc": found.ad_hoc, "pages": found.pages}
            for binary in evidence.binaries
            if binary.macho and (found := binary.macho.signature)
        }
        unsigned = [binary.path for binary in evidence.binaries if binary.macho and not binary.macho.signature]
        good = f"{len(signed)} signatures match" if signed else "no binary is signed, and none need be"
        return [conclude(self.id, problems, good, {"signed": signed, "unsigned": unsigned})]


def _problems(evidence: InspectEvidence, needed: bool) -> Iterator[str]:
    if not any(binary.macho for binary in evidence.binaries):
        yield "the package has no Mach-O binary"
    for binary in evidence.binaries:
        if binary.macho is None:
            continue
        found = binary.macho.signature
        if found is None and needed:
            yield f"{binary.path} has no signature"
        for problem in found.problems if found else ():
            yield f"{binary.path}: {problem}"


CHECK = SignatureValid()
