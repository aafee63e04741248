"""``imports``: each module can be imported in the fresh environment, and comes from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude, not_run
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class Arguments(Model):
    """``modules``: what to import, in this order, in one process."""

    modules: tuple[str, ...] = Field(min_length=1)


class Imports:
    """Needed, and never enough: today's broken packages pass it."""

    id = "imports"
    title = "the modules can be imported, from files of the environment"
    remedy = "correct the module, or add what it imports to the recipe's run requirements"
    stage = "inspect"
    arguments = Arguments
    shown_by = "probe"

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result a module."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        answers = evidence.probe["imports"]
        return [result(f"{self.id}[{module}]", module, answers.get(module)) for module in arguments.modules]


def result(check: str, module: str, answer: JsonObject | None) -> CheckResult:
    """Conclude about one module from the probe's answer; None means that it was not tried."""
    problems = []
    if answer is None:
        problems.append("was not tried")
    elif not answer["ok"]:
        problems.append(answer["error"])
    elif answer["file"] is None or answer["file"].startswith("/"):
        problems.append(f"comes from outside the environment: {answer['file']}")
    seen = answer or {}
    if seen.get("network"):
        problems.append(f"asks the network for {', '.join(seen['network'][:3])} while it is imported")
    good = " ".join(filter(None, [module, seen.get("version")]))
    return conclude(check, problems, good, seen)


CHECK = Imports()
