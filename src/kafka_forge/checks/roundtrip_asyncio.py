"""``roundtrip-asyncio``: a client that is used through an asyncio loop keeps to the loop's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus
from kafka_forge.scenarios.lateness import LATE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class RoundtripAsyncio:
    """One result for each mode and case.

    ``cancel``: awaits that are cancelled lose no message. ``close``: a client that is closed at work ends every await,
    and refuses later ones. ``heartbeat``: messages pass, and the loop is not late beyond what the machine explains.
    ``left-over``: when all is closed, no thread, task or descriptor is left.

    What a client passes through the loop (codecs, headers, groups) is for the other promises of such a mode.
    """

    id = "roundtrip-asyncio"
    title = "through an asyncio loop, cancelling and closing at any time lose nothing, stall nothing and leave nothing"
    remedy = "keep what blocks off the loop's thread, and end what was begun when the client is closed"
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and case."""
        return [self._one(mode, case, evidence) for mode in arguments.modes for case in corpus.LOOP_CASES]

    def _one(self, mode: str, case: str, evidence: RoundTripEvidence) -> CheckResult:
        step = evidence.step(mode, "asyncio", case)
        identifier = f"{self.id}[{mode}/{case}]"
        said = complaint(step, f"{mode}/asyncio/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {}, step)
        problems, good = _JUDGES[case](step.data)
        return conclude(identifier, problems, good, {}, step)


def _cancel(data: JsonObject) -> tuple[list[str], str]:
    problems = []
    if not data["cancelled"]:
        problems.append("no await was cancelled, so that nothing was tried")
    if data["lost"] or data["twice"] or not data["sent"]:
        problems.append(f"of {data['sent']} messages {data['lost']} were never read, {data['twice']} more than once")
    return problems, f"{data['sent']} messages read, {data['cancelled']} awaits cancelled meanwhile"


def _close(data: JsonObject) -> tuple[list[str], str]:
    problems = [
        f"{what} ended with {data[key]}, which is no exception"
        for key, what in (("reading", "the read that was under way"), ("later", "a read after close()"))
        if "Error(" not in data[key] and "Exception(" not in data[key]
    ]
    if data["ended"] != data["sent"] or not data["sent"]:
        problems.append(f"of {data['sent']} messages that were under way {data['ended']} were told what became of them")
    return problems, f"the read under way ended with {data['reading']}, and all {data['sent']} sends ended"


def _heartbeat(data: JsonObject) -> tuple[list[str], str]:
    rounds = data["rounds"]
    problems = []
    if not rounds or any(not each["messages"] or not each["beats"] for each in rounds):
        problems.append("in a round, no message passed or the loop had no beat")
        return problems, ""
    passed, worst = sum(each["messages"] for each in rounds), max(each["worst"] for each in rounds)
    unexplained = [each["unexplained"] for each in rounds if each["unexplained"] is not None]
    said = f"{passed} messages passed, the loop was late by {worst} ms at worst"
    if not unexplained:
        return [], f"{said}; not judged, as this system does not tell how long threads waited for a processor"
    if min(unexplained) > LATE_MS:
        problems.append(f"in every round the loop was late by {min(unexplained)} ms or more by the client's doing")
    return problems, f"{said}, by the client's doing {min(unexplained)} ms in the best round"


def _left_over(data: JsonObject) -> tuple[list[str], str]:
    problems = [f"{kind} left over: {', '.join(found)}" for kind, found in data.items() if found]
    return problems, f"no {', '.join(data)} left over"


_JUDGES: dict[str, Callable[[JsonObject], tuple[list[str], str]]] = {
    "cancel": _cancel,
    "close": _close,
    "heartbeat": _heartbeat,
    "left-over": _left_over,
}

CHECK = RoundtripAsyncio()
