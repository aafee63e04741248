"""``recipe-tests``: the tests that the recipe names pass, run by the engine out of the built package."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude, not_run, since

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class RecipeTests:
    """What conda-forge would run; a package that lost its tests, or whose tests need what it does not, shows here."""

    id = "recipe-tests"
    title = "the tests that the package carries pass, each in a fresh environment of the engine's own"
    remedy = "run the recipe's tests by hand in a fresh environment, and mend the package or the test"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result for each test.

        The engine has no emulator: where one stands between, there is nothing to judge, and no result.
        """
        runner = evidence.environment.runner
        if runner is None:
            return [not_run(self.id, evidence)]
        if runner.emulator:
            return []
        seen = evidence.recipe_tests
        tests: list[JsonObject] = seen.get("tests", [])
        if not tests:
            why = seen.get("broken", "the package carries no tests")
            return [conclude(self.id, [why], "", seen)]
        return [self._one(number, test, seen) for number, test in enumerate(tests, 1)]

    def _one(self, number: int, test: JsonObject, seen: JsonObject) -> CheckResult:
        said = test["lines"][-1] if test["lines"] else "and said nothing"
        problems = [] if test["ok"] else [f"test {number} ({test['kind']}) fails: {said}"]
        when = f"passed {before}" if (before := since(seen)) else "passes"
        evidence = {**test, "ran": seen["ran"], "reused": seen["reused"]}
        result = conclude(f"{self.id}[{number}/{test['kind']}]", problems, f"the recipe's own test {when}", evidence)
        return replace(result, seconds=0.0 if seen["reused"] else test["seconds"])


CHECK = RecipeTests()
