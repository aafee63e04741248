"""``commands``: the programs that the artifact brings run, and say what they should; none is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from kafka_forge.checks._inspecting import conclude, not_run
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Command(Model):
    """``run``: the program's name and its arguments; ``prints``: what must be found in its output."""

    run: tuple[str, ...] = Field(min_length=1)
    prints: str = Field(min_length=1)


class Arguments(Model):
    """``each``: the commands; every program of the artifact must be among them."""

    each: tuple[Command, ...] = Field(min_length=1)


class Commands:
    """A module that can be imported says nothing of the script or the ``.exe`` that calls it."""

    id = "commands"
    title = "the programs that the artifact brings run, from the environment's own Python"
    remedy = "correct the entry point in the package's metadata, and run each program in the recipe's tests"
    stage = "inspect"
    arguments = Arguments
    shown_by = "commands"

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result for each command, and one for each program that none of them runs."""
        programs: dict[str, str] = evidence.commands["programs"]
        named = {command.run[0] for command in arguments.each}
        results = [
            conclude(f"{self.id}[{name}]", [f"the contract says nothing of {file}"], "", {"file": file})
            for name, file in programs.items()
            if name not in named
        ]
        for command in arguments.each:
            if command.run[0] in programs and evidence.environment.runner is None:
                results.append(not_run(f"{self.id}[{command.run[0]}]", evidence))
            else:
                results.append(self._one(command, evidence.commands["runs"].get(" ".join(command.run))))
        return results

    def _one(self, command: Command, answer: dict[str, Any] | None) -> CheckResult:
        check, line = f"{self.id}[{command.run[0]}]", " ".join(command.run)
        if answer is None:
            return conclude(check, [f"the artifact has no program {command.run[0]}"], "", {})
        last = answer["lines"][-1] if answer["lines"] else "nothing"
        problems = []
        if answer["status"] is None:
            problems.append(f"{line} was ended, for {answer['ended_for']}")
        elif answer["status"] != 0:
            problems.append(f"{line} ended with status {answer['status']}: {last}")
        elif not any(command.prints in printed for printed in answer["lines"]):
            problems.append(f"{line} does not print {command.prints!r}, but {last}")
        return conclude(check, problems, f"{answer['file']} runs", answer)


CHECK = Commands()
