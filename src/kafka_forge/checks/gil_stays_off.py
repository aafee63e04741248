"""``gil-stays-off``: importing these modules leaves a free-threaded Python without its global interpreter lock.

CPython turns the lock on for the whole process, with a warning, as soon as an extension module is imported that has
not declared that it can do without (https://docs.python.org/3/howto/free-threading-python.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks import imports
from kafka_forge.checks._inspecting import conclude, not_run

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class GilStaysOff:
    """Promised for free-threaded Pythons only: ``if: is_freethreading``."""

    id = "gil-stays-off"
    title = "importing the modules does not turn a free-threaded Python's global interpreter lock on"
    remedy = (
        "declare the extension safe without the lock (Py_mod_gil) once it is, or publish none for free-threaded Pythons"
    )
    stage = "inspect"
    arguments = imports.Arguments
    shown_by = "probe"

    def judge(self, arguments: imports.Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result a module."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        answers = evidence.probe["imports"]
        return [_result(f"{self.id}[{module}]", module, answers.get(module)) for module in arguments.modules]


def _result(check: str, module: str, answer: JsonObject | None) -> CheckResult:
    seen = answer or {}
    gil = seen.get("gil")
    problems = []
    if answer is None:
        problems.append("was not tried")
    elif not answer["ok"]:
        problems.append(answer["error"])
    elif gil is None:
        problems.append("this Python always has the lock, so nothing can be seen")
    elif gil["before"]:
        problems.append("what was imported before it has turned the lock on already")
    elif gil["after"]:
        problems.append(f"importing it turns the lock on: {gil['said'] or 'without a warning'}")
    return conclude(check, problems, f"{module} leaves the lock off", seen)


CHECK = GilStaysOff()
