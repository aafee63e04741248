"""Many schedules: rounds that are drawn from seeds, each with every client side by side, until count or time is up."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka_forge.checks import survives
from kafka_forge.checks.survives import CHECK
from kafka_forge.contracts import refusals
from kafka_forge.errors import BrokerDied, BrokerNotReady, FaultRefused, ScenarioBroken
from kafka_forge.survival import schedules, stage, trials
from kafka_forge.values.evidence import SurvivalEvidence
from kafka_forge.values.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.survival.schedules import Schedule
    from kafka_forge.survival.trials import Entrant
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.evidence import Trial
    from kafka_forge.values.model import CheckResult, Environment, JsonObject

_BREAKDOWNS = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a soak ends, and what it draws from.

    Attributes:
        schedules: how many, counted as one client in one mode under one drawn schedule.
        seconds: after which no new round begins.
        seed: of the first round; each further one has the next number.
        kinds: the faults to draw from; none means all.
    """

    schedules: int
    seconds: float
    seed: int
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one client under one schedule.

    Attributes:
        client: ``recipe/mode``, with the Python where there is one.
        recipe: the recipe.
        schedule: what happened.
        problems: the guarantees that did not hold, with why; none for a schedule that was survived.
        refused: the guarantees that the contract refuses, and that indeed did not hold.
        evidence: the counts behind it.
        seconds: of the round.
    """

    client: str
    recipe: str
    schedule: Schedule
    problems: tuple[str, ...]
    refused: tuple[str, ...]
    evidence: JsonObject
    seconds: float

    @property
    def repeat(self) -> str:
        """The command that repeats it."""
        return f"kafka-forge soak --seed {self.schedule.seed} --rounds 1 --recipe {self.recipe}"


def soak(
    version: str,
    made: Sequence[tuple[Environment, Contract]],
    bounds: Bounds,
    cache: Cache,
    progress: Progress,
) -> Iterator[Outcome]:
    """Run rounds on one cluster, and give what came of each client in each of them.

    Args:
        version: of Kafka.
        made: the artifacts' fresh environments with their contracts.
        bounds: when it ends.
        cache: the cache.
        progress: told what is being done.

    Raises:
        UnknownFault: ``bounds`` names a fault that there is not.
        ForgeError: the cluster failed, not a client, and that more than a few times.
    """
    contracts = {env.artifact.cell.id: contract for env, contract in made}
    entrants = [entrant for env, contract in made for entrant in stage.entrants_of(env, contract)]
    planned = [
        schedules.draw(bounds.seed + number, bounds.kinds) for number in range(-(-bounds.schedules // len(entrants)))
    ]
    deadline, breakdowns = time.monotonic() + bounds.seconds, 0
    with progress.task("soak", total=len(planned)) as task:
        while planned and time.monotonic() < deadline:
            try:
                with stage.opened(version, cache, progress) as (cluster, links):
                    while planned and time.monotonic() < deadline:
                        schedule = planned.pop(0)
                        task.note(str(schedule))
                        for entrant, trial in _round(cluster, links, entrants, schedule):
                            yield judged(entrant, trial, schedule, contracts[entrant.env.artifact.cell.id])
                        task.advance()
            except (BrokerDied, BrokerNotReady, ScenarioBroken) as error:  # noqa: PERF203  (a round takes seconds)
                breakdowns += 1
                if breakdowns > _BREAKDOWNS:
                    raise
                progress.say(
                    f"the cluster failed at {schedule}, which counts as nothing; a new one is started: {error}"
                )


def _round(
    cluster: Cluster, links: Links, entrants: Sequence[Entrant], schedule: Schedule
) -> list[tuple[Entrant, Trial]]:
    """Let one schedule happen; what this machine cannot do is no schedule that was survived."""
    try:
        return list(zip(entrants, trials.run(cluster, links, entrants, schedule), strict=True))
    except FaultRefused:
        return []


def judged(entrant: Entrant, trial: Trial, schedule: Schedule, contract: Contract) -> Outcome:
    """Judge one trial by its contract's promise and refusals."""
    cell = entrant.env.artifact.cell
    evidence = SurvivalEvidence(entrant.env.artifact, {}, (trial,))
    results = CHECK.judge(stage.promised(contract), evidence)
    known = refusals.apply(
        contract.refusals, [_as_directed(each, schedule) for each in results], broker=None, python=cell.python
    )
    failed = [each for each in known if each.verdict is Verdict.FAIL and each.id.startswith(f"{CHECK.id}[")]
    return Outcome(
        client="/".join(part for part in (cell.recipe, entrant.mode, cell.python) if part),
        recipe=cell.recipe,
        schedule=schedule,
        problems=tuple(f"{_guarantee(each)}: {each.summary}" for each in failed),
        refused=tuple(_guarantee(each) for each in known if each.verdict is Verdict.REFUSED),
        evidence=survives.seen(trial),
        seconds=trial.seconds,
    )


def _as_directed(result: CheckResult, schedule: Schedule) -> CheckResult:
    """Return the result under the name that a refusal knows: a drawn schedule ends as ``stop-unheard`` does, or not."""
    name = schedules.STOP_UNHEARD if schedule.unheard else "drawn"
    return dataclasses.replace(result, id=result.id.replace(f"/{schedule.name}/", f"/{name}/"))


def _guarantee(result: CheckResult) -> str:
    return result.id.rpartition("/")[2].rstrip("]")


def summary(outcomes: Sequence[Outcome], bounds: Bounds, version: str, seconds: float) -> dict[str, Any]:
    """Return a soak as JSON: how much there was, what failed, and how to repeat each failure."""
    clients = dict.fromkeys(each.client for each in outcomes)
    return {
        "kafka": version,
        "brokers": schedules.BROKERS,
        "seed": bounds.seed,
        "kinds": list(bounds.kinds),
        "seconds": round(seconds, 1),
        "schedules": len(outcomes),
        "failed": sum(bool(each.problems) for each in outcomes),
        "clients": {
            client: {
                "schedules": sum(each.client == client for each in outcomes),
                "failed": sum(each.client == client and bool(each.problems) for each in outcomes),
                "refused": sum(each.client == client and bool(each.refused) for each in outcomes),
                "messages": sum(sum(each.evidence["sent"].values()) for each in outcomes if each.client == client),
            }
            for client in clients
        },
        "faults": _faults(outcomes),
        "failures": [
            {
                "client": each.client,
                "seed": each.schedule.seed,
                "schedule": str(each.schedule),
                "problems": list(each.problems),
                "repeat": each.repeat,
                "evidence": each.evidence,
            }
            for each in outcomes
            if each.problems
        ],
    }


def _faults(outcomes: Sequence[Outcome]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for each in outcomes:
        names = [fault.kind for fault in each.schedule.faults]
        for name in [*names, *([schedules.STOP_UNHEARD] if each.schedule.unheard else [])]:
            counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items()))
