"""``imports-with-extras``: modules whose dependencies are optional can be imported once those are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks import imports
from kafka_forge.checks._inspecting import not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import ExtrasEvidence
    from kafka_forge.values.model import CheckResult


class Arguments(imports.Arguments):
    """``extras``: match specs that are installed beside the artifact when all other checks have been made."""

    extras: tuple[str, ...] = Field(min_length=1)


class ImportsWithExtras:
    """Judged last: had the extras stood there before, they could hide a dependency that the package forgot."""

    id = "imports-with-extras"
    title = "the modules can be imported once their optional dependencies are installed"
    remedy = "correct the module, or name what it imports among the optional dependencies"
    stage = "extras"
    arguments = Arguments
    shown_by = "probe"

    def judge(self, arguments: Arguments, evidence: ExtrasEvidence) -> list[CheckResult]:
        """Give one result a module."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        answers = evidence.probe["imports"]
        return [imports.result(f"{self.id}[{module}]", module, answers.get(module)) for module in arguments.modules]


CHECK = ImportsWithExtras()
