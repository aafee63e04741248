"""``run-exports``: what is built on the package asks for a version of it that it can run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks import _bounds
from kafka_forge.checks._inspecting import conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class RunExports:
    """A library without them leaves every package that is built on it without a dependency, in silence."""

    id = "run-exports"
    title = "the package's run exports bind what is built on it to the versions that fit"
    remedy = "declare run_exports in the library's recipe, with the bound that its ABI keeps to"
    stage = "inspect"
    arguments = _bounds.Arguments

    def judge(self, arguments: _bounds.Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Try the versions that the contract names on the weak run exports."""
        exports = evidence.metadata.get("run_exports", {})
        problems = list(_bounds.problems(exports.get("weak", []), arguments.each, "exports"))
        return [conclude(self.id, problems, f"{', '.join(exports.get('weak', []))}", {"run_exports": exports})]


CHECK = RunExports()
