"""``dependency-bounds``: what the package asks for at run time admits the versions that work, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks import _bounds
from kafka_forge.checks._inspecting import conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class DependencyBounds:
    """Too loose, and an older library is taken that lacks symbols; too tight, and two clients have no solution."""

    id = "dependency-bounds"
    title = "the run dependencies admit the versions that work, and refuse those that do not"
    remedy = (
        "write both bounds in the recipe: the version whose headers it was built with, and the next that may break it"
    )
    stage = "inspect"
    arguments = _bounds.Arguments

    def judge(self, arguments: _bounds.Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Try the versions that the contract names on the package's own specs."""
        problems = list(_bounds.problems(evidence.depends, arguments.each, "asks for"))
        good = f"the bounds of {', '.join(arguments.each)} are right"
        return [conclude(self.id, problems, good, {"depends": list(evidence.depends)})]


CHECK = DependencyBounds()
