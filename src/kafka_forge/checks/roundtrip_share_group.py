"""``roundtrip-share-group``: consumers take from one partition together, and their answers decide what comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject

_AVAILABLE, _ACKNOWLEDGED, _ARCHIVED = "available", "acknowledged", "archived"
_BECOMES = {"accept": _ACKNOWLEDGED, "release": _ACKNOWLEDGED, "reject": _ARCHIVED}
"""What the broker makes of a message by its first answer; one that was released is accepted when it comes again."""
_HELD = {0: (_AVAILABLE, 1)}
"""The message that another member held all the while, and released at the end."""


class RoundtripShareGroup:
    """Four results for each mode, about a share group (KIP-932) and a topic of one partition.

    ``shared``: three members hold messages at the same time, then take all others as fast as they can, and accept them
    as they go on; each message comes to one of them, once. ``answered``: of messages that are accepted, released and
    rejected, the released alone come again, as their second delivery. ``limited``: one that is released again and again
    comes as often as the broker allows, each time with its number, and then no more. ``lapsed``: one that a member
    holds for longer than the lock lasts comes to another, and the first one's answer is refused.

    What became of each message, and how often it was delivered, is asked of the broker's share coordinator, too.
    """

    id = "roundtrip-share-group"
    title = "in a share group, consumers take from one partition together, and their answers decide what comes again"
    remedy = (
        "see whether each message is answered once, while its lock lasts, and what the commit of the answer returns"
    )
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and case."""
        return [self._one(mode, case, evidence) for mode in arguments.modes for case in corpus.SHARE_CASES]

    def _one(self, mode: str, case: str, evidence: RoundTripEvidence) -> CheckResult:
        identifier, step = f"{self.id}[{mode}/{case}]", evidence.step(mode, "share", case)
        group = evidence.shares.get(f"{mode}/{case}", {})
        said = complaint(step, f"{mode}/share/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {"group": group}, step)
        problems, good = _JUDGES[case](step.data, group)
        return conclude(identifier, problems, good, {"group": group}, step)


def _shared(data: JsonObject, group: JsonObject) -> tuple[list[str], str]:
    held, sent = data["held"], range(data["sent"])
    problems = [f"{held.count([])} of {len(held)} members held nothing"] if [] in held else []
    problems += _delivered([*held, *data["taken"]], dict.fromkeys(sent, (1,)))
    problems += _kept(group, dict.fromkeys(sent, (_ACKNOWLEDGED, 1))) + _refused(data)
    shares = ", ".join(str(len(each)) for each in held)
    return problems, f"members held {shares} messages of one partition at once, and took {len(sent)} in all, each once"


def _answered(data: JsonObject, group: JsonObject) -> tuple[list[str], str]:
    last = corpus.ROUND + 1
    answers = {offset: corpus.ANSWERS[offset % len(corpus.ANSWERS)] for offset in range(1, last)} | {last: "accept"}
    counts = {offset: (1, 2) if answer == "release" else (1,) for offset, answer in answers.items()}
    kept = {offset: (_BECOMES[answer], counts[offset][-1]) for offset, answer in answers.items()}
    problems = _alone(data) + _delivered([data["answers"]], counts) + _kept(group, _HELD | kept) + _refused(data)
    accepted, released, rejected = (list(answers.values()).count(answer) for answer in corpus.ANSWERS)
    return problems, (
        f"{released} released messages came again, as second deliveries; of {accepted} accepted and {rejected} "
        "rejected ones none did"
    )


def _limited(data: JsonObject, group: JsonObject) -> tuple[list[str], str]:
    others = sorted({offset for offset, *_ in data["answers"]} - {1})
    limit = group["limit"]
    counts = {1: tuple(range(1, limit + 1)), **dict.fromkeys(others, (1,))}
    kept = {1: (_ARCHIVED, limit), **dict.fromkeys(others, (_ACKNOWLEDGED, 1))}
    problems = _alone(data) + _delivered([data["answers"]], counts) + _kept(group, _HELD | kept) + _refused(data)
    return problems, f"released again and again, a message came {limit} times, numbered from 1 on, and then no more"


def _lapsed(data: JsonObject, group: JsonObject) -> tuple[list[str], str]:
    """Judge the lapse of a lock; on a busy machine the second member may be late itself, and has the message again."""
    times = len(data["refused"]) + 2
    problems = _alone(data) + _delivered([data["answers"]], {0: tuple(range(2, times + 1))})
    problems += _kept(group, {0: (_ACKNOWLEDGED, times)})
    if data["late"] is None:
        problems.append("the broker took an answer that came too late, when another member had the message")
    return problems, f"held for too long, a message came to another member; the late answer was refused: {data['late']}"


def _alone(data: JsonObject) -> list[str]:
    """See that who held a message had that one alone."""
    return [] if data["held"] == [[0, 1]] else [f"who was to hold the first message held {data['held']}"]


def _refused(data: JsonObject) -> list[str]:
    return [f"the broker did not take an answer: {why}" for why in data["refused"][:1]]


def _delivered(told: Sequence[Sequence[Sequence[int]]], wanted: Mapping[int, tuple[int, ...]]) -> list[str]:
    """Compare deliveries, told by each member as offset and number, with the numbers that each message should have."""
    found: dict[int, list[int]] = {}
    for offset, number, *_ in (each for member in told for each in member):
        found.setdefault(offset, []).append(number)
    lost = [offset for offset in wanted if offset not in found]
    again = [offset for offset, numbers in found.items() if len(numbers) > len(wanted.get(offset, ()))]
    other = [each for each in wanted if each not in (*lost, *again) and found[each] != list(wanted[each])]
    problems = []
    if lost:
        problems.append(f"{len(lost)} of {len(wanted)} messages were not delivered, the first at offset {lost[0]}")
    if again:
        first = min(again)
        problems.append(
            f"{len(again)} messages were delivered more often than they should, the first at offset {first}: "
            f"{len(found[first])} times, not {len(wanted.get(first, ()))}"
        )
    if other:
        first = other[0]
        problems.append(
            f"{len(other)} messages have other numbers of their deliveries, the first at offset {first}: "
            f"{found[first]}, not {list(wanted[first])}"
        )
    return problems


def _kept(group: JsonObject, wanted: Mapping[int, tuple[str, int]]) -> list[str]:
    """Compare what the broker thinks of messages; of those that it is done with before its start, it knows no more."""
    found = {int(offset): state for offset, state in group["messages"].items()}
    done = [offset for offset, (state, _) in wanted.items() if state != _AVAILABLE and offset < group["start"]]
    wrong = [offset for offset in wanted if offset not in done and found.get(offset) != list(wanted[offset])]
    if not wrong:
        return []
    state, number = found.get(wrong[0], ["not delivered", 0])
    should, times = wanted[wrong[0]]
    words = f"{state} after {number} deliveries, not {should} after {times}"
    return [f"the broker keeps {len(wrong)} messages otherwise, the first at offset {wrong[0]}: {words}"]


_JUDGES: Mapping[str, Callable[[JsonObject, JsonObject], tuple[list[str], str]]] = dict(
    zip(corpus.SHARE_CASES, (_shared, _answered, _limited, _lapsed), strict=True)
)

CHECK = RoundtripShareGroup()
