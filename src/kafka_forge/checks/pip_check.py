"""``pip-check``: the metadata of the installed distributions agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude, not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class PipCheck:
    """A dependency that the wheel's metadata ask for and the recipe forgot shows here."""

    id = "pip-check"
    title = "pip check finds no broken requirement in the environment"
    remedy = "add it to the recipe's run requirements, with the bounds that the metadata have"
    stage = "inspect"
    arguments = NoArguments
    shown_by = "probe"

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge pip's answer."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        answer = evidence.probe["pip_check"]
        if answer is None:
            return [conclude(self.id, ["the environment has no Python"], "", {})]
        problems = [] if answer["ok"] else answer["lines"] or ["pip check failed and said nothing"]
        return [conclude(self.id, problems, " ".join(answer["lines"]), answer)]


CHECK = PipCheck()
