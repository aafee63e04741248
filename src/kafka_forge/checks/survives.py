"""``survives``: what a client guarantees while brokers and network fail, by the broker's own log segments."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import Field

from kafka_forge.values.contract import Model
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.values.evidence import SurvivalEvidence, Trial
    from kafka_forge.values.model import JsonObject

Guarantee = Literal[
    "acknowledged", "order", "duplicates", "delivered", "told", "resumes", "commits", "waits", "stops", "bounded"
]
SHORT = ("refuse-first", "cut-before", "cut-after", "leader-move", "pause", "kill", "stop-unheard")
"""The faults of ``verify``; the soak draws from all there are."""
_GRACE_SECONDS = 10.0
"""What a stop may take beyond the time that it was given, on a machine that is busy."""
_MOST_THREADS = 64
_MORE_MEMORY = 64 << 20
_PADDING = "........"


class SurvivesArguments(Model):
    """``modes``: words of the scenario; ``faults``: those of ``verify``; ``guarantees``: what holds under them."""

    modes: tuple[str, ...] = Field(min_length=1)
    faults: tuple[str, ...] = Field(SHORT, min_length=1)
    guarantees: tuple[Guarantee, ...] = Field(get_args(Guarantee), min_length=1)


class Survives:
    """One result for each mode, fault and guarantee.

    ``acknowledged``: what the client said was acknowledged is in the log. ``order``: within a partition, messages stand
    in the order of their sending (the first of each). ``duplicates``: none stands there twice. ``delivered``: none
    failed, as every fault is over long before a delivery timeout; not where the client was stopped meanwhile.
    ``told``: of every message that was sent the client said what became of it. ``resumes``: the group's members read
    all there is, together. ``commits``: the second member begins where the first one has committed, or later.
    ``waits``: reading raises nothing, as waiting is all it takes. ``stops``: every stop is over in its time, and so is
    the process. ``bounded``: threads end with what they were for, and neither they nor memory grow without bounds.
    """

    id = "survives"
    title = "messages, order, groups and stops survive faults of brokers and network, as far as the contract says"
    remedy = "see the evidence for what the client did during the fault, and mend or configure its retries"
    stage = "survives"
    arguments = SurvivesArguments

    def judge(self, arguments: SurvivesArguments, evidence: SurvivalEvidence) -> list[CheckResult]:
        """Give a result for each trial and guarantee."""
        results = []
        for trial in evidence.trials:
            if trial.mode not in arguments.modes:
                continue
            seconds = trial.seconds / len(arguments.guarantees)
            for guarantee in arguments.guarantees:
                if guarantee == "delivered" and trial.schedule["unheard"]:
                    continue
                identifier = f"{self.id}[{trial.mode}/{trial.schedule['name']}/{guarantee}]"
                problems = [*_vacuous(trial), *_JUDGES[guarantee](trial)]
                verdict = Verdict.FAIL if problems else Verdict.PASS
                summary = "; ".join(problems[:4]) or _good(trial)
                results.append(CheckResult(identifier, verdict, summary, seen(trial), round(seconds, 3)))
        return results


def seen(trial: Trial) -> JsonObject:
    """Return what belongs in the evidence of a result: the counts, and what was said; not every message."""
    return {
        "schedule": trial.schedule,
        "happened": list(trial.happened),
        "sent": trial.sent,
        "acked": {partition: len(numbers) for partition, numbers in trial.acked.items()},
        "failed": len(trial.failed),
        "first failures": [list(each) for each in trial.failed[:3]],
        "kept": {partition: len(numbers) for partition, numbers in trial.kept.items()},
        "idempotent": trial.idempotent,
        "reads": len(trial.reads),
        "errors": [list(each) for each in trial.errors[:5]],
        "told": trial.told,
        "memory": list(trial.memory),
        "threads": trial.threads,
        "end": trial.end,
        "log": list(trial.log) if trial.end or trial.errors else [],
    }


def _good(trial: Trial) -> str:
    kept = sum(len(numbers) for numbers in trial.kept.values())
    return f"{sum(trial.sent.values())} messages sent, {kept} in the log, {len(trial.reads)} read"


def _vacuous(trial: Trial) -> list[str]:
    """Return why the trial proves nothing, if it does not."""
    if not sum(trial.sent.values()):
        what = f"{trial.errors[0][0]}: {trial.errors[0][1]}" if trial.errors else " / ".join(trial.log[-1:])
        return [f"nothing was sent ({what or 'no reason given'})"]
    if trial.schedule["seed"] is None and any(told.get("met") == 0 for told in trial.happened):
        return ["the fault met no request, so nothing was proven"]
    return []


def _acknowledged(trial: Trial) -> list[str]:
    problems = []
    for partition, numbers in trial.acked.items():
        kept = set(trial.kept.get(partition, ()))
        lost = [number for number in numbers if number not in kept]
        if lost:
            problems.append(
                f"partition {partition}: {len(lost)} acknowledged messages are lost, the first is {lost[0]}"
            )
    strange = sum(number < 0 or number >= trial.sent.get(p, 0) for p, kept in trial.kept.items() for number in kept)
    return [*problems, f"{strange} messages are there that nobody sent"] if strange else problems


def _order(trial: Trial) -> list[str]:
    problems = []
    for partition, numbers in trial.kept.items():
        first = list(dict.fromkeys(numbers))
        wrong = [pair for pair in itertools.pairwise(first) if pair[1] < pair[0]]
        if wrong:
            problems.append(
                f"partition {partition}: {wrong[0][1]} stands behind {wrong[0][0]}, {len(wrong)} such places"
            )
    return problems


def _duplicates(trial: Trial) -> list[str]:
    twice = {partition: len(numbers) - len(set(numbers)) for partition, numbers in trial.kept.items()}
    how = "" if trial.idempotent else "; the batches carry no producer id"
    return [
        f"partition {partition}: {count} messages stand there again{how}" for partition, count in twice.items() if count
    ]


def _delivered(trial: Trial) -> list[str]:
    sent, acked = sum(trial.sent.values()), sum(len(set(numbers)) for numbers in trial.acked.values())
    if acked == sent:
        return []
    why = f" ({trial.failed[0][2]})" if trial.failed else ""
    return [f"{acked} of {sent} messages were acknowledged, {len(trial.failed)} failed{why}"]


def _told(trial: Trial) -> list[str]:
    failed = {(partition, number) for partition, number, _ in trial.failed}
    acked = {(partition, number) for partition, numbers in trial.acked.items() for number in numbers}
    sent = {(partition, number) for partition, count in trial.sent.items() for number in range(count)}
    problems = []
    silent = sorted(sent - acked - failed)
    if silent and not any(where == "producer-stop" for where, _ in trial.errors):
        problems.append(f"of {len(silent)} messages nothing was said, the first is {silent[0][0]}/{silent[0][1]}")
    if both := sorted(acked & failed):
        problems.append(f"{len(both)} messages are said to be acknowledged and failed, the first is {both[0]}")
    if any(_PADDING in error for *_, error in trial.failed):
        problems.append("the error of a failed delivery quotes the message")
    return problems


def _resumes(trial: Trial) -> list[str]:
    read: dict[int, set[int]] = {}
    wrong = 0
    for _, partition, offset, number in trial.reads:
        read.setdefault(partition, set()).add(offset)
        kept = trial.kept.get(partition, [])
        wrong += not 0 <= offset < len(kept) or kept[offset] != number
    problems = [f"{wrong} messages were read that are not in the log at their offset"] if wrong else []
    for partition, end in trial.ends.items():
        missing = sorted(set(range(end)) - read.get(partition, set()))
        if missing:
            problems.append(
                f"partition {partition}: {len(missing)} of {end} were never read, the first is {missing[0]}"
            )
    return problems


def _commits(trial: Trial) -> list[str]:
    problems = []
    committed: dict[int, int] = {}
    for member in range(1, max((each[0] for each in trial.reads), default=0) + 1):
        first: dict[int, int] = {}
        for who, partition, offset, _ in trial.reads:
            if who == member:
                first.setdefault(partition, offset)
        problems += [
            f"partition {partition}: member {member} begins at {offset}, though {committed[partition]} was committed"
            for partition, offset in first.items()
            if offset < committed.get(partition, 0)
        ]
        for who, offsets in trial.commits:
            committed |= offsets if who == member else {}
    if not trial.commits:
        problems.append("nothing was ever committed")
    return problems


def _waits(trial: Trial) -> list[str]:
    raised = [what for where, what in trial.errors if where in ("read", "consumer")]
    return [f"reading raised {len(raised)} times: {raised[0]}"] if raised else []


def _stops(trial: Trial) -> list[str]:
    problems = [f"the process {trial.end}"] if trial.end else []
    ended = trial.told.get("producer-ended")
    if ended is None or "seconds" not in ended:
        problems.append("the producer was never stopped")
    elif ended["seconds"] > trial.stop + _GRACE_SECONDS:
        problems.append(f"the producer took {ended['seconds']:.1f} s to stop, and was given {trial.stop:g}")
    slow = [data for what, data in trial.told.items() if what.startswith("left") and data["seconds"] > _GRACE_SECONDS]
    return problems + [f"member {each['member']} took {each['seconds']:.1f} s to leave" for each in slow]


def _bounded(trial: Trial) -> list[str]:
    done = trial.told.get("done")
    problems = []
    if done is None:
        problems.append("how many threads were left is not known")
    elif done["after"] > done["before"]:
        names = ", ".join(done["names"][:4]) or "of a C library"
        problems.append(f"{done['after'] - done['before']} threads were left: {names}")
    if trial.threads > _MOST_THREADS:
        problems.append(f"there were {trial.threads} threads")
    if trial.memory[1] - trial.memory[0] > _MORE_MEMORY:
        problems.append(f"memory grew from {trial.memory[0] >> 20} to {trial.memory[1] >> 20} MiB")
    return problems


_JUDGES: dict[str, Callable[[Trial], Sequence[str]]] = {
    "acknowledged": _acknowledged,
    "order": _order,
    "duplicates": _duplicates,
    "delivered": _delivered,
    "told": _told,
    "resumes": _resumes,
    "commits": _commits,
    "waits": _waits,
    "stops": _stops,
    "bounded": _bounded,
}

CHECK = Survives()
