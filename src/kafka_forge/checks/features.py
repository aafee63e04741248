"""``features``: librdkafka can do what the contract lists, no more and no less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude, not_run
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult


class Arguments(Model):
    """``exactly``: the words of ``builtin.features`` (CONFIGURATION.md), in any order."""

    exactly: tuple[str, ...] = Field(min_length=1)


class Features:
    """librdkafka's build detects its features, so one can vanish, or creep in, without any test that fails."""

    id = "features"
    title = "builtin.features of the loaded librdkafka equals the contract"
    remedy = (
        "demand each feature of librdkafka's configure (--enable-…) with its library in the host "
        "environment, and build it anew"
    )
    stage = "inspect"
    arguments = Arguments
    shown_by = "probe"

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Compare both ways."""
        if not evidence.probe:
            return [not_run(self.id, evidence)]
        seen: list[str] | None = evidence.probe["librdkafka"]["features"]
        promised = set(arguments.exactly)
        problems = []
        if seen is None:
            problems.append("no single librdkafka is loaded that could be asked")
        else:
            missing, surplus = sorted(promised - set(seen)), sorted(set(seen) - promised)
            problems += [f"missing: {', '.join(missing)}"] if missing else []
            problems += [f"not promised: {', '.join(surplus)}"] if surplus else []
        good = f"all {len(promised)} features, no other"
        return [conclude(self.id, problems, good, {"promised": sorted(promised), "found": sorted(seen or [])})]


CHECK = Features()
