"""The round trip: a fresh environment's client and a real broker, and an independent client that saw what passed.

Here evidence is gathered; the modules in `checks` whose stage is ``roundtrip`` judge it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge import checks, platforms
from kafka_forge.brokers import admin, disk
from kafka_forge.errors import BrokerDied, ContractInvalid, ScenarioBroken
from kafka_forge.roundtrips import share_groups, speaking, wire, witness
from kafka_forge.roundtrips.stock import Stock, clear
from kafka_forge.scenarios import corpus
from kafka_forge.scenarios.catalogue import SCENARIOS
from kafka_forge.values.evidence import RoundTripEvidence

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.ground.progress import Progress
    from kafka_forge.scenarios.catalogue import Scenario
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.evidence import Step, TopicOnDisk, Transacted
    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

PATIENCE = 60.0
"""Seconds that a client has for one action. Where it works, an action takes some hundredths of a second, and some
seconds on a machine that has thirty times as much to do as it can."""


@dataclass(frozen=True, slots=True)
class _Trip:
    """One round trip's names."""

    id: str
    stock: Stock
    modes: dict[str, tuple[str, ...]]
    grouped: tuple[str, ...]
    looped: tuple[str, ...]
    rebalanced: dict[str, tuple[str, ...]]
    transacting: tuple[str, ...]
    sharing: tuple[str, ...]

    @property
    def own(self) -> dict[str, dict[str, str]]:
        """Mode → codec → the topic that the client is to write."""
        return {m: {c: f"kafka-forge-{self.id}-{m}-{c}" for c in codecs} for m, codecs in self.modes.items()}

    @property
    def codecs(self) -> list[str]:
        """Every codec that a mode tries."""
        every = {codec for codecs in self.modes.values() for codec in codecs}
        return [codec for codec in corpus.CODECS if codec in every]

    @property
    def topics(self) -> list[str]:
        """Every topic that the client is to write."""
        loops = [self.loop(mode) for mode in self.looped]
        transacted = [topic for mode in self.transacting for topic in self.transacted(mode).values()]
        return [*(t for of_mode in self.own.values() for t in of_mode.values()), *loops, *self.watched, *transacted]

    @property
    def watched(self) -> list[str]:
        """Every topic whose group's members are watched."""
        return [topic for mode in self.rebalanced for of in self.groups(mode).values() for topic in of.values()]

    def loop(self, mode: str) -> str:
        """Return the topic for what a mode tries with asyncio."""
        return f"kafka-forge-{self.id}-{mode}-loop"

    def groups(self, mode: str) -> dict[str, dict[str, str]]:
        """Return protocol → kind of members → the topic that a mode's group has, and whose name is its id."""
        return {
            protocol: {kind: f"kafka-forge-{self.id}-{mode}-{protocol}-{kind}" for kind in corpus.MEMBERS}
            for protocol in self.rebalanced.get(mode, ())
        }

    def transacted(self, mode: str) -> dict[str, str]:
        """Return what a mode tries with transactions → its topic; none where nothing is promised of them."""
        cases = (*corpus.TRANSACTIONS, corpus.SOURCE) if mode in self.transacting else ()
        return {case: f"kafka-forge-{self.id}-{mode}-transactions-{case}" for case in cases}

    def shared(self, mode: str) -> dict[str, str]:
        """Return what a mode tries with share groups → the topic of one partition that the group has the name of."""
        cases = corpus.SHARE_CASES if mode in self.sharing else ()
        return {case: f"kafka-forge-{self.id}-{mode}-share-{case}" for case in cases}

    @property
    def shares(self) -> dict[str, str]:
        """Mode and case, as ``MODE/CASE`` → the topic, for all share groups."""
        return {f"{mode}/{case}": topic for mode in self.sharing for case, topic in self.shared(mode).items()}

    def group(self, mode: str) -> str:
        """Return the id of a mode's consumer group."""
        return f"kafka-forge-{self.id}-{mode}"


def run(
    env: Environment, contract: Contract, broker: Broker, progress: Progress, stock: Stock | None = None
) -> RoundTripEvidence:
    """Pass messages through a broker with every mode that the contract promises something about.

    Topics and groups have names of their own; topics are deleted afterwards (see `stock.clear`).

    Args:
        env: the artifact's fresh environment.
        contract: its promises say which modes and codecs are tried.
        broker: a broker that runs.
        progress: told what is being done.
        stock: what the round trips with this broker share; None for one that is this round trip's own.

    Raises:
        BrokerDied: the broker ended or no longer answers.
        ScenarioBroken: the scenario told nothing in any mode, or the toolkit's own client could not do its part.
        ContractInvalid: the contract names a mode that no scenario tries.
    """
    if stock is None:
        with Stock(broker) as own:
            return run(env, contract, broker, progress, own)
    begun = time.monotonic()
    trip = _Trip(
        id=uuid.uuid4().hex[:10],
        stock=stock,
        modes=_promised(env, contract),
        grouped=_modes(contract, "roundtrip-group"),
        looped=_modes(contract, "roundtrip-asyncio"),
        rebalanced=_protocols(contract),
        transacting=_modes(contract, "roundtrip-transactions"),
        sharing=_modes(contract, "roundtrip-share-group"),
    )
    if not trip.modes:
        return _evidence(broker, env, trip, (), {}, begun)
    with progress.task(f"round trip of {env.artifact.cell.id}", total=len(trip.modes) + 2) as task:
        try:
            task.note("fill topics")
            partitions = dict.fromkeys(trip.topics, corpus.PARTITIONS) | dict.fromkeys(trip.shares.values(), 1)
            admin.create_topics(broker.address, partitions, watch=broker.check)
            trip.stock.topics(trip.codecs)
            if trip.transacting:
                witness.await_transactions(broker.address, broker.check)
            share_groups.configure(broker.address, trip.shares, broker.check)
            task.advance()
            task.note("let the client speak")
            steps, ends = _let_speak(env, trip, broker)
            broker.check()
            task.advance(len(trip.modes))
            task.note("read back")
            evidence = _evidence(broker, env, trip, steps, ends, begun)
            task.advance()
        except (ScenarioBroken, BrokerDied):
            broker.check()  # its own error has the log's last lines
            raise
        finally:
            clear(broker, [*trip.topics, *trip.shares.values()])
    return evidence


def _modes(contract: Contract, promise: str) -> tuple[str, ...]:
    return tuple(contract.promises.get(promise, {}).get("modes", ()))


def _protocols(contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return mode → the group protocols whose members are watched."""
    promise = contract.promises.get("roundtrip-rebalance")
    if promise is None:
        return {}
    arguments = checks.by_id()["roundtrip-rebalance"].arguments.model_validate(promise).model_dump()
    return dict.fromkeys(arguments["modes"], arguments["protocols"])


def _promised(env: Environment, contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return mode → codecs to try, over all promises that a round trip can keep; ``none`` is tried in any case."""
    wanted: dict[str, set[str]] = {}
    for name, raw in contract.promises.items():
        check = checks.by_id()[name]
        if check.stage == "roundtrip":
            arguments = check.arguments.model_validate(raw).model_dump()
            for mode in arguments["modes"]:
                wanted.setdefault(mode, {"none"}).update(arguments.get("codecs", ()))
    package = env.artifact.client
    known = SCENARIOS[package].modes if package in SCENARIOS else ()
    if strange := sorted(set(wanted) - set(known)):
        raise ContractInvalid(
            f"the contract makes promises about modes that no scenario tries: {', '.join(strange)}",
            where=f"recipes/{env.artifact.cell.recipe}/contract.yaml",
            details=[f"modes of {package}: {', '.join(known) or 'none'}"],
            todo="name one of its modes, or write a scenario (src/kafka_forge/scenarios/catalogue.py).",
        )
    return {mode: tuple(c for c in corpus.CODECS if c in codecs) for mode, codecs in wanted.items()}


def _let_speak(env: Environment, trip: _Trip, broker: Broker) -> tuple[tuple[Step, ...], dict[str, str]]:
    """Run the scenario in every mode, side by side.

    A mode that tells nothing, as its modules cannot be imported say, leaves the others theirs.
    """
    scenario, runner = SCENARIOS[env.artifact.client], _runner(env)
    requests = {mode: _request(env, trip, mode, broker, scenario) for mode in trip.modes}
    told = speaking.speak(env, runner, scenario, requests, broker.check)
    steps = tuple(step for spoken in told.values() for step in spoken.steps)
    if not steps:
        broker.check()
        raise ScenarioBroken(
            f"the scenario {scenario.script.name} told nothing in any mode",
            where=env.artifact.cell.id,
            details=[f"{mode} {spoken.end}" for mode, spoken in told.items()],
            todo="read the client's last words above; `kafka-forge install` makes its environment to try by hand.",
        )
    return steps, {mode: spoken.end for mode, spoken in told.items() if spoken.end}


def _request(env: Environment, trip: _Trip, mode: str, broker: Broker, scenario: Scenario) -> JsonObject:
    layout, runner = platforms.of(env.artifact.cell.platform), _runner(env)
    return {
        "mode": mode,
        "address": broker.address,
        "library": runner.path(env.prefix / layout.library_dir / layout.librdkafka) if scenario.bare else None,
        "seed": trip.stock.seed,
        "start": trip.stock.start,
        "codecs": list(trip.modes[mode]),
        "own": trip.own[mode],
        "seeded": trip.stock.topics(trip.codecs),
        "group": trip.group(mode) if mode in trip.grouped else None,
        "rebalanced": trip.groups(mode),
        "transacted": trip.transacted(mode),
        "shared": trip.shared(mode),
        "loop": trip.loop(mode) if mode in trip.looped else None,
        "patience": PATIENCE * runner.slowness,
        "native": runner.slowness == 1,
    }


def _runner(env: Environment) -> Runner:
    if env.runner is None:
        raise ScenarioBroken(
            f"this machine cannot run programs of {env.artifact.cell.platform}",
            where=env.artifact.cell.id,
            todo="pass messages only through an environment that has a runner.",
        )
    return env.runner


def _evidence(
    broker: Broker, env: Environment, trip: _Trip, steps: tuple[Step, ...], ends: dict[str, str], begun: float
) -> RoundTripEvidence:
    """Ask the witness, the coordinator and the disk what there is, and put it all together."""
    written = [topic for topics in trip.own.values() for topic in topics.values()]
    groups = {step.mode: step.data for step in steps if step.action == "group" and step.ok}
    transacted = [step.data for step in steps if step.action == "transactions" and step.ok]
    watched = [*trip.watched, *(each["source"] for each in transacted if "source" in each)]
    return RoundTripEvidence(
        artifact=env.artifact,
        broker={"version": broker.version, "address": broker.address, "owned": broker.owned},
        seed=trip.stock.seed,
        start=trip.stock.start,
        topics=trip.own,
        steps=steps,
        ends=ends,
        witness=witness.read(broker.address, written) if written else {},
        committed={
            mode: witness.committed(broker.address, data["group"], data["topic"]) for mode, data in groups.items()
        },
        groups={topic: witness.group(broker.address, topic) for topic in watched},
        transactions={each["topic"]: _transactions(broker, each["topic"]) for each in transacted},
        shares=_shares(broker, trip, steps),
        disk=_on_disk(broker, written),
        seconds=round(time.monotonic() - begun, 3),
    )


def _transactions(broker: Broker, topic: str) -> dict[int, Transacted]:
    leaders = witness.leaders(broker.address, [topic])
    return wire.read_transactions(leaders[topic], topic, broker.check)


def _shares(broker: Broker, trip: _Trip, steps: tuple[Step, ...]) -> dict[str, JsonObject]:
    """Ask for the state of each share group with which a client came to an end."""
    used = [f"{step.mode}/{step.case}" for step in steps if step.action == "share" and step.ok]
    return {each: share_groups.state(broker.address, trip.shares[each], broker.check) for each in used}


def _on_disk(broker: Broker, topics: list[str]) -> dict[str, TopicOnDisk]:
    """Read the broker's disk; where it is not ours to read, have the broker hand out what it keeps."""
    if broker.log_dir is None:
        return {
            topic: wire.read_topic(where, topic) for topic, where in witness.leaders(broker.address, topics).items()
        }
    return {topic: disk.read_topic(broker.log_dir, topic) for topic in topics}
