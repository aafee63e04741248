"""From a runtime to a cluster whose brokers know each other: seats, settings, format, start, wait; or nothing is left.

Every node is broker and controller in one (KRaft's combined mode), so any of them may be killed, the active controller
too, and the other two go on. Each has a folder, a record and a guard of its own, as a broker that is alone has.
"""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kafka_forge.brokers import admin, launching, ports, records, settings, spawning
from kafka_forge.brokers.launching import Launched
from kafka_forge.brokers.records import Identity, Record
from kafka_forge.brokers.security import Secured
from kafka_forge.brokers.settings import Seat
from kafka_forge.errors import PortTaken
from kafka_forge.ground.files import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kafka_forge.brokers.runtime import Runtime
    from kafka_forge.brokers.security import Plan
    from kafka_forge.ground.paths import Cache

READY_SECONDS = settings.READY_SECONDS
"""How long the nodes may take until they know each other: three Javas that start at once, on a machine that is busy."""
HEAP_MB = 320
"""Of each node; one that is alone may take more, as nobody else does."""
_POLL_SECONDS = 0.2
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What a cluster is to be like.

    Attributes:
        brokers: how many nodes.
        detached: whether it goes on when this process ends.
        linked: whether clients are sent to a port of its own before each broker, where nobody listens yet.
        overrides: settings of ``server.properties`` that stand above ours, on every node.
        security: listeners with TLS or SASL to add on every node; None adds none.
    """

    brokers: int
    detached: bool = False
    linked: bool = False
    overrides: Mapping[str, str] = field(default_factory=dict)
    security: Plan | None = None


def form(runtime: Runtime, cache: Cache, shape: Shape) -> list[tuple[Seat, Launched]]:
    """Start a cluster, and return its nodes once each of them knows all the others.

    Raises:
        PortTaken: each of three times, other programs took the ports first.
        BrokerNotReady, DiskFull: a node ended, or they did not find each other within five minutes.
    """
    for _ in range(_TRIES - 1):
        with contextlib.suppress(PortTaken):
            return _form_once(runtime, cache, shape)
    return _form_once(runtime, cache, shape)


def _form_once(runtime: Runtime, cache: Cache, shape: Shape) -> list[tuple[Seat, Launched]]:
    seats, cluster = _seats(shape), launching.new_cluster_id()
    nodes: list[Launched] = []
    secured = None
    try:
        for seat in seats:
            nodes.append(Launched(_new_record(runtime, cache, seat, cluster), None))
            if shape.security and secured is None:
                secured = Secured(shape.security, nodes[0].record.folder)
                runtime, record, kdc = launching.with_kdc(runtime, nodes[0].record, secured, detached=shape.detached)
                nodes[0] = Launched(record, None, secured=secured, kdc=kdc)
            _write_settings(nodes[-1].record, seat, seats, shape, secured)
        with ThreadPoolExecutor(len(nodes), thread_name_prefix="format") as pool:
            for _ in pool.map(lambda node: launching.format_storage(runtime, node.record, cluster), nodes):
                pass
        for at, node in enumerate(nodes):
            nodes[at] = _started(runtime, node, detached=shape.detached)
        wait_until_met([node.record for node in nodes])
        if secured:
            secured.settle(str(nodes[0].record.internal))
        if shape.detached:
            nodes = [_let_go(node) for node in nodes]
        else:
            making = launching.make_archive(runtime, nodes[0].record.folder)
            nodes[0] = replace(nodes[0], making=making)
        return list(zip(seats, nodes, strict=True))
    except BaseException:
        end_all(nodes)
        raise


def _seats(shape: Shape) -> list[Seat]:
    """Return a seat for each node; a node that is started anew wants the same ports again, so they are lasting ones."""
    each = 4 if shape.linked else 3
    found = ports.lasting(each * shape.brokers)
    rows = [found[at * each : (at + 1) * each] for at in range(shape.brokers)]
    return [Seat(node, row[0], row[-1 if shape.linked else 0], row[1], row[2]) for node, row in enumerate(rows, 1)]


def _new_record(runtime: Runtime, cache: Cache, seat: Seat, cluster: str) -> Record:
    folder = records.new_folder(cache)
    record = Record(
        folder=folder,
        version=runtime.version,
        address=f"{ports.HOST}:{seat.port}",
        server=None,
        owner=Identity.of(os.getpid()),
        started=time.time(),
        cluster=cluster,
        node=seat.id,
        internal=f"{ports.HOST}:{seat.internal}",
    )
    with explain_os_errors(folder):
        record.save()
    return record


def _write_settings(record: Record, seat: Seat, seats: Sequence[Seat], shape: Shape, secured: Secured | None) -> None:
    values = settings.properties_of_member(seat, seats, record.log_dir)
    values = (secured.properties(values) if secured else values) | dict(shape.overrides)
    with explain_os_errors(record.folder):
        (record.folder / "tmp").mkdir()
        (record.folder / "server.properties").write_text(settings.render(values), encoding="utf-8")


def _started(runtime: Runtime, node: Launched, *, detached: bool) -> Launched:
    command = launching.java_command(runtime, node.record.folder, "kafka.Kafka", HEAP_MB)
    (pid,), guard = spawning.spawn([command], node.record.folder, detached=detached)
    record = node.record.model_copy(update={"server": Identity.of(pid)})
    record.save()
    return replace(node, record=record, guard=guard)


def _let_go(node: Launched) -> Launched:
    record = node.record.model_copy(update={"owner": None})
    record.save()
    return replace(node, record=record)


def wait_until_met(nodes: Sequence[Record], seconds: float = READY_SECONDS) -> None:
    """Wait until every node answers, and names all of them as brokers that are up.

    A broker that has registered and is not fenced any more (KIP-631) stands in the answer to a Metadata request.

    Raises:
        PortTaken, BrokerNotReady, DiskFull: one ended meanwhile, or the time was up.
    """
    deadline = time.monotonic() + seconds
    everybody = {node.node for node in nodes}
    waiting = list(nodes)
    while waiting:
        for node in nodes:
            if node.server is None or not node.server.alive:
                launching.explain_end(node)
        waiting = [node for node in waiting if not _knows(node, everybody)]
        if waiting and time.monotonic() > deadline:
            raise launching.not_ready(
                waiting[0],
                f"{len(waiting)} of {len(nodes)} brokers of Kafka {waiting[0].version} did not find the others "
                f"within {seconds:.0f} seconds",
            )
        time.sleep(_POLL_SECONDS if waiting else 0)


def _knows(node: Record, everybody: set[int]) -> bool:
    if not ports.answers(node.address) or node.internal is None or not ports.answers(node.internal):
        return False
    found = admin.brokers_of(node.internal, seconds=2.0)
    return found is not None and found[0] == node.cluster and found[1] >= everybody


def end_all(nodes: Iterable[Launched]) -> None:
    """End every node and remove its folder; may be called again."""
    every = list(nodes)
    for node in every:  # first all guards are told, then each is waited for: they end side by side
        if node.guard is not None and node.guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                node.guard.stdin.close()
    for node in every:
        launching.end(node.record, node.guard, node.making, node.kdc)
