"""``roundtrip-acceleration``: it was the C library that passed the messages, not something beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence, Step
    from kafka_forge.values.model import CheckResult

_COUNTER = {"produce": "sent", "consume": "received"}


class RoundtripAcceleration:
    """librdkafka's own counts (``txmsgs``, ``rxmsgs`` of STATISTICS.md, or its log) cover what the client handled."""

    id = "roundtrip-acceleration"
    title = "librdkafka itself counts at least the messages that the client sent and read"
    remedy = "see which error the extension gives on first use, and build it for the librdkafka that it runs with"
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and direction."""
        return [self._one(mode, action, evidence) for mode in arguments.modes for action in _COUNTER]

    def _one(self, mode: str, action: str, evidence: RoundTripEvidence) -> CheckResult:
        label = f"{mode}/{action}"
        step = evidence.step(mode, "statistics")
        handled = sum(_handled(each) for each in evidence.steps if each.mode == mode and each.action == action)
        problems = [said] if (said := complaint(step, f"{mode}/statistics", evidence)) else []
        counted = int(step.data.get(_COUNTER[action], 0)) if step else 0
        if not handled:
            problems.append(f"the client handled no message ({_why(mode, action, evidence)})")
        if counted < handled:
            problems.append(f"the client handled {handled} messages, and librdkafka counts {counted}")
        mapped = step.data.get("library", []) if step else []
        if len(mapped) > 1:
            problems.append(f"{len(mapped)} copies of librdkafka are mapped, so it is open whose counts these are")
        good = f"librdkafka counts {counted} messages, the client {handled}"
        return conclude(f"{self.id}[{label}]", problems, good, {"handled": handled, "counted": counted}, step)


def _handled(step: Step) -> int:
    return int(step.data.get("acked", 0)) if step.action == "produce" else len(step.data.get("records", []))


def _why(mode: str, action: str, evidence: RoundTripEvidence) -> str:
    steps = [step for step in evidence.steps if step.mode == mode and step.action == action]
    complaints = {text for step in steps if (text := complaint(step, step.label, evidence))}
    return "; ".join(sorted(complaints)) or "it told no error"


CHECK = RoundtripAcceleration()
