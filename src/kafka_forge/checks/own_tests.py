"""``own-tests``: the tests that librdkafka carries within itself pass, in the library as it was installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude, not_run, since
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class Arguments(Model):
    """``among``: tests that must be there: those that a build without a feature leaves out, and nobody misses."""

    among: tuple[str, ...] = Field(min_length=1)


class OwnTests:
    """A compiler for another processor, or its options, can break what no message through a broker passes."""

    id = "own-tests"
    title = "rd_kafka_unittest() of the installed librdkafka passes"
    remedy = (
        "run rd_kafka_unittest() with RD_UT_TEST=NAME on the library to see the failed test alone; compile it with "
        "other options, or with the feature that the missing test is for"
    )
    stage = "inspect"
    arguments = Arguments

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Ask for all that ran, and for the end."""
        if evidence.environment.runner is None:
            return [not_run(self.id, evidence)]
        seen = evidence.own_tests
        tests: dict[str, bool] = seen.get("tests", {})
        if not tests and seen.get("status", 2) == 2:
            return [conclude(self.id, ["the package has no librdkafka that carries tests"], "", seen)]
        failed = [name for name, passed in tests.items() if not passed]
        missing = [name for name in arguments.among if name not in tests]
        problems = [f"failed: {', '.join(failed)} ({seen['lines'][-1]})"] if failed else []
        if not problems and seen["status"] != 0:
            problems.append(_end(tests, seen))
        elif missing:
            problems.append(f"not compiled in: {', '.join(missing)}")
        which = " that take no minutes under an emulator" if seen["parts"] else ""
        when = f"passed {before}" if (before := since(seen)) else "pass"
        result = conclude(self.id, problems, f"all {len(tests)} of librdkafka's own tests{which} {when}", seen)
        return [replace(result, seconds=0.0 if seen["reused"] else seen["seconds"])]


def _end(tests: Mapping[str, bool], seen: JsonObject) -> str:
    """Say how the tests ended that did not come to their end: in which of them, and what that said last."""
    ended = seen["status"] is None
    how = f"were ended, for {seen['ended_for']}" if ended else f"ended with status {seen['status']}"
    last = f"after {[*tests][-1]}" if tests else "in the first of them"
    words = f": {seen['lines'][-1]}" if seen["lines"] else ""
    return f"the tests {how}, {last}{words}"


CHECK = OwnTests()
