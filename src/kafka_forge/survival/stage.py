"""The part of ``verify``: every recipe's newest artifact on one cluster, side by side, one fault after the other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kafka_forge import brokers
from kafka_forge.brokers import admin, locks, settings
from kafka_forge.brokers.links import Links
from kafka_forge.checks.survives import SurvivesArguments
from kafka_forge.environments import environment
from kafka_forge.errors import ContractInvalid, FaultRefused
from kafka_forge.scenarios.catalogue import SCENARIOS
from kafka_forge.survival import schedules, trials
from kafka_forge.survival.trials import Entrant
from kafka_forge.values import python_names
from kafka_forge.values.evidence import SurvivalEvidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kafka_forge.brokers import Cluster
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.evidence import Trial
    from kafka_forge.values.model import Artifact, Environment

PROMISE = "survives"


def version_of(names: Sequence[str]) -> str | None:
    """Return the first of the brokers that a run names of which a cluster can be started; None where there is none."""
    known = [name for name in names if name in brokers.versions()]
    return next((name for name in known if not locks.kafka(name).needs_zookeeper), None)


def chosen(artifacts: Sequence[Artifact], contracts: Mapping[str, Contract]) -> list[Artifact]:
    """Return the artifacts that take part: of each recipe and platform that for the newest Python, if it promises so.

    What is tried is the client's way with faults, which is the same code on every Python; all of them pass the round
    trip.
    """
    newest: dict[tuple[str, str], Artifact] = {}
    for artifact in artifacts:
        cell = artifact.cell
        if PROMISE in contracts[cell.id].promises:
            key = (cell.recipe, cell.platform)
            if key not in newest or python_names.order(cell.python) > python_names.order(newest[key].cell.python):
                newest[key] = artifact
    return list(newest.values())


def promised(contract: Contract) -> SurvivesArguments:
    """Return the promise's arguments."""
    return SurvivesArguments.model_validate(contract.promises[PROMISE])


def entrants_of(env: Environment, contract: Contract) -> list[Entrant]:
    """Return an environment's client in each mode that its contract names.

    Raises:
        ContractInvalid: one of them is no mode of its scenario.
    """
    cell = env.artifact.cell
    client = env.artifact.client
    known = SCENARIOS[client].modes if client in SCENARIOS else ()
    modes = promised(contract).modes
    if strange := sorted(set(modes) - set(known)):
        raise ContractInvalid(
            f"the contract makes promises about modes that no scenario tries: {', '.join(strange)}",
            where=f"recipes/{cell.recipe}/contract.yaml",
            details=[f"modes of {client}: {', '.join(known) or 'none'}"],
            todo="name one of its modes, or write a scenario (src/kafka_forge/scenarios/catalogue.py).",
        )
    return [Entrant(env, mode) for mode in modes]


@contextlib.contextmanager
def installed(
    artifacts: Sequence[Artifact],
    contracts: Mapping[str, Contract],
    channels: Sequence[str],
    cache: Cache,
    progress: Progress,
) -> Iterator[list[tuple[Environment, Contract]]]:
    """Give a fresh environment for each artifact that takes part, with its contract; all are gone when it ends.

    Args:
        artifacts: those that may take part (see `chosen`).
        contracts: by the ids of their cells.
        channels: URLs to install from, the most important first.
        cache: the cache.
        progress: told what is being done.

    Raises:
        SolveFailed: one of them has no environment.
        InstallFailed: one of them could not be linked.
    """
    with contextlib.ExitStack() as rooms:
        made = []
        for artifact in chosen(artifacts, contracts):
            contract = contracts[artifact.cell.id]
            fresh = environment.fresh(artifact, contract, channels=channels, cache=cache, progress=progress)
            made.append((rooms.enter_context(fresh), contract))
        yield made


@contextlib.contextmanager
def opened(version: str, cache: Cache, progress: Progress) -> Iterator[tuple[Cluster, Links]]:
    """Give a cluster for trials whose groups have a coordinator, and its links.

    Raises what `brokers.start_cluster` and `admin.await_coordinator` raise.
    """
    overrides = settings.QUICK
    with (
        brokers.start_cluster(version, cache, progress, linked=True, overrides=overrides) as cluster,
        Links(cluster) as links,
    ):
        admin.await_coordinator(cluster.internal, watch=cluster.check)
        yield cluster, links


def run(
    version: str, made: Sequence[tuple[Environment, Contract]], cache: Cache, progress: Progress
) -> list[SurvivalEvidence]:
    """Let every client go through the faults that its contract names.

    Args:
        version: of Kafka.
        made: the artifacts' fresh environments, which this machine runs as they are, with their contracts.
        cache: the cache.
        progress: told what is being done.

    Returns:
        The evidence, in the order of ``made``.

    Raises:
        ForgeError: it is the cluster that failed, not a client; or a contract is wrong.
    """
    entrants = {env.artifact.cell.id: entrants_of(env, contract) for env, contract in made}
    wanted = {env.artifact.cell.id: promised(contract).faults for env, contract in made}
    faults = dict.fromkeys(fault for each in wanted.values() for fault in each)
    planned = [schedules.directed(fault) for fault in faults]
    gathered: dict[str, list[Trial]] = {each: [] for each in entrants}
    refused: dict[str, str] = {}
    with (
        opened(version, cache, progress) as (cluster, links),
        progress.task("let clients survive", total=len(planned)) as task,
    ):
        for schedule in planned:
            task.note(schedule.name)
            going = [each for cell, several in entrants.items() if schedule.name in wanted[cell] for each in several]
            try:
                for entrant, trial in zip(going, trials.run(cluster, links, going, schedule), strict=True):
                    gathered[entrant.env.artifact.cell.id].append(trial)
            except FaultRefused as error:
                refused[schedule.name] = error.what
            task.advance()
    broker = {"version": version, "brokers": schedules.BROKERS}
    return [SurvivalEvidence(env.artifact, broker, tuple(gathered[env.artifact.cell.id]), refused) for env, _ in made]
