"""Trials: clients side by side on one cluster, a schedule of faults, and what came of it for each of them."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from kafka_forge import faults, platforms
from kafka_forge.brokers import admin, log_values, settings
from kafka_forge.environments.activation import variables
from kafka_forge.faults import Scene
from kafka_forge.ground import processes
from kafka_forge.scenarios.catalogue import SCENARIOS
from kafka_forge.survival.ledgers import Ledger
from kafka_forge.values.evidence import Trial, tail

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.survival.schedules import Schedule
    from kafka_forge.values.model import Environment, JsonObject

PARTITIONS = 3
STOP_SECONDS = 30.0
"""What a producer gets to deliver what it still has. Where all is well, a tenth of a second does; 10 seconds were too
few on a machine with thirty times as much to do as it can."""
_UNHEARD_STOP_SECONDS = 3.0
"""And while nobody answers: it is in vain."""
READY_SECONDS = settings.READY_SECONDS
"""As long as a broker may: clients that start on the same busy machine wait for it, too."""
STOPPED_SECONDS = 60.0
"""After which a producer that was told to stop is not waited for any longer, nor a consumer that has read all or given
up, nor a process at its end."""
_PATIENCE = 180.0
"""What the group's second member gets to read the rest, once all is written. Where a fault has swallowed the first
one's word that it leaves, the coordinator takes it for alive until session.timeout.ms is over, 45 seconds by default,
and gives its partitions to nobody before; the rest is for a busy machine."""
_POLL_SECONDS = 0.05
_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Entrant:
    """One client in one mode that takes part."""

    env: Environment
    mode: str


@dataclass(slots=True)
class _Runner:
    """An entrant while it runs: its process, its ledger, and what it was seen to use."""

    entrant: Entrant
    topic: str
    room: Path
    child: subprocess.Popen[bytes]
    ledger: Ledger
    memory: list[int] = field(default_factory=list)
    threads: int = 0
    ended: str = ""
    log: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        return self.child.poll() is not None

    def told(self, *events: str) -> bool:
        """Whether it has told all of these, or will tell nothing more."""
        return self.over or set(events) <= set(self.ledger.update().told)

    def sample(self) -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.child.pid)
            self.memory.append(process.memory_info().rss)
            self.threads = max(self.threads, process.num_threads())


def run(cluster: Cluster, links: Links, entrants: Sequence[Entrant], schedule: Schedule) -> list[Trial]:
    """Let a schedule happen while these clients work; the cluster is whole before and after it.

    Args:
        cluster: one that was started ``linked``.
        links: its links.
        entrants: the clients, which work side by side, each with a topic and a group of its own.
        schedule: what happens.

    Raises:
        FaultRefused: this machine cannot do one of the faults.
        BrokerDied, BrokerNotReady, DiskFull, ScenarioBroken: it is the cluster that failed, not a client.
    """
    begun, name = time.monotonic(), uuid.uuid4().hex[:10]
    topics = [f"kafka-forge-{name}-{at}-{each.mode}" for at, each in enumerate(entrants)]
    stop = _UNHEARD_STOP_SECONDS if schedule.unheard else STOP_SECONDS
    admin.create_topics(
        cluster.internal,
        dict.fromkeys(topics, PARTITIONS),
        timeout=60.0,
        copies=3,
        settings={"min.insync.replicas": "2"},
        watch=cluster.check,
    )
    scene = Scene(cluster, links, topics)
    happened: list[JsonObject] = []
    with contextlib.ExitStack() as stack:
        early = schedule.faults[:1] if schedule.early else ()
        with contextlib.ExitStack() as first:
            happened += [first.enter_context(faults.by_id()[each.kind].inflict(scene, each)) for each in early]
            runners = [
                stack.enter_context(_started(each, topic, cluster, schedule, stop))
                for each, topic in zip(entrants, topics, strict=True)
            ]
            _wait(runners, READY_SECONDS, "acknowledged", "read")
            for fault in early:
                time.sleep(fault.lasts)
        for fault in schedule.faults[len(early) :]:
            time.sleep(fault.after)
            with faults.by_id()[fault.kind].inflict(scene, fault) as told:
                happened.append(told)
                _watch(runners, fault.lasts)
        _end_producers(runners, links, unheard=schedule.unheard)
        cluster.heal()
        ends = _end_consumers(runners, cluster)
        kept = {topic: _kept(cluster, topic) for topic in topics}
        for each in runners:
            each.log = tuple(tail(each.room / "log", 15))
    admin.delete_topics(cluster.internal, topics, timeout=60.0, watch=cluster.check)
    seconds = round(time.monotonic() - begun, 3)
    return [_trial(each, schedule, happened, kept[each.topic], ends[each.topic], stop, seconds) for each in runners]


@contextlib.contextmanager
def _started(entrant: Entrant, topic: str, cluster: Cluster, schedule: Schedule, stop: float) -> Iterator[_Runner]:
    env = entrant.env
    scenario = SCENARIOS[env.artifact.client]
    assert scenario.survival is not None, "a contract without it cannot be loaded"
    layout = platforms.of(env.artifact.cell.platform)
    with tempfile.TemporaryDirectory(prefix="kafka-forge-survival-") as name:
        room = Path(name)
        request = {
            "mode": entrant.mode,
            "address": cluster.address,
            "topic": topic,
            "partitions": PARTITIONS,
            "group": f"{topic}-group",
            "burst": PARTITIONS,
            "pause": 0.01,
            "more": 20 * PARTITIONS,
            "size": 100,
            "turn": schedule.turn,
            "stop": stop,
            "patience": _PATIENCE,
            "library": str(env.prefix / layout.library_dir / layout.librdkafka) if scenario.bare else None,
        }
        (room / "request.json").write_text(json.dumps(request), encoding="utf-8")
        alone = ["-E", "-s", "-B", *(["-S"] if scenario.bare else [])]
        command: list[str | Path] = [env.interpreter, *alone, scenario.survival, room / "request.json"]
        with (
            (room / "log").open("wb") as log,
            processes.started(command, cwd=room, environment=variables(env), stdout=log, stderr=log) as child,
        ):
            yield _Runner(entrant, topic, room, child, Ledger(room / "ledger"))


def _wait(runners: Sequence[_Runner], seconds: float, *events: str) -> list[_Runner]:
    """Wait until every client has told these events; return those that did not in time."""
    deadline, sampled = time.monotonic() + seconds, 0.0
    while True:
        waiting = [each for each in runners if not each.told(*events)]
        if not waiting or time.monotonic() > deadline:
            return waiting
        if time.monotonic() > sampled + _SAMPLE_SECONDS:
            sampled = time.monotonic()
            for each in runners:
                each.sample()
        time.sleep(_POLL_SECONDS)


def _watch(runners: Sequence[_Runner], seconds: float) -> None:
    """Let time pass."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        for each in runners:
            each.sample()
        time.sleep(min(left, _SAMPLE_SECONDS))


def _end_producers(runners: Sequence[_Runner], links: Links, *, unheard: bool) -> None:
    """Have the producers send the rest and stop; where they shall be ``unheard``, nobody answers them meanwhile."""
    if unheard:
        links.hang()
    try:
        for each in runners:
            (each.room / "calm").touch()
        late = _wait(runners, STOPPED_SECONDS, "producer-ended")
    finally:
        links.mend()
    for each in late:
        each.ended = f"did not stop its producer within {STOPPED_SECONDS:.0f} seconds"


def _end_consumers(runners: Sequence[_Runner], cluster: Cluster) -> dict[str, dict[int, int]]:
    """Tell the consumers how far to read, and wait until the processes have ended; return topic → partition → end."""
    ends = {each.topic: admin.ends(cluster.internal, each.topic, PARTITIONS) for each in runners}
    for each in runners:
        (each.room / "ends.draft").write_text(json.dumps(ends[each.topic]), encoding="utf-8")
        (each.room / "ends.draft").replace(each.room / "ends.json")
    reading = _wait(runners, _PATIENCE + STOPPED_SECONDS, "consumer-ended")
    _wait([each for each in runners if each not in reading], STOPPED_SECONDS, "over")  # nobody tells that
    for each in runners:
        each.ledger.update()
        if each in reading and not each.over:
            each.ended = each.ended or f"did not stop its consumer within {_PATIENCE + STOPPED_SECONDS:.0f} seconds"
            processes.end(each.child)
        elif not each.over:
            each.ended = each.ended or f"did not end within {STOPPED_SECONDS:.0f} seconds"
            processes.end(each.child)
        elif each.child.returncode:
            status = each.child.returncode
            each.ended = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return ends


def _kept(cluster: Cluster, topic: str) -> dict[int, list[log_values.Kept]]:
    """Return what each partition's leader has on its disk."""
    known = admin.describe_partitions(cluster.internal, [topic], seconds=30.0)
    return {
        partition: log_values.read_partition(cluster.broker(found.leader).data, topic, partition)
        for (_, partition), found in known.items()
    }


def _trial(
    runner: _Runner,
    schedule: Schedule,
    happened: Sequence[JsonObject],
    kept: dict[int, list[log_values.Kept]],
    ends: dict[int, int],
    stop: float,
    seconds: float,
) -> Trial:
    ledger = runner.ledger
    memory = runner.memory or [0]
    return Trial(
        mode=runner.entrant.mode,
        schedule=schedule.as_json(),
        happened=tuple(happened),
        sent=dict(ledger.sent),
        acked=ledger.acked,
        failed=ledger.failed,
        kept={partition: [_number(each) for each in records] for partition, records in kept.items()},
        idempotent=all(each.producer >= 0 for records in kept.values() for each in records),
        ends=ends,
        reads=ledger.reads,
        commits=ledger.commits,
        errors=ledger.errors,
        told=ledger.told,
        memory=(memory[len(memory) // 4], max(memory)),
        threads=runner.threads,
        stop=stop,
        end=runner.ended,
        log=runner.log,
        seconds=seconds,
    )


def _number(record: log_values.Kept) -> int:
    """Return a message's number; -1 where its value is none that was sent."""
    parts = (record.value or b"").split(b":", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else -1
