"""Several brokers that are one Kafka: each of them can be ended, paused and started anew, and the whole waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import psutil

from kafka_forge.brokers import admin, forming, launching, locks, ports, records, runtime
from kafka_forge.brokers.broker import Broker
from kafka_forge.brokers.records import Identity
from kafka_forge.errors import BrokerNotReady, UnknownBroker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from kafka_forge.brokers.launching import Launched
    from kafka_forge.brokers.records import Record
    from kafka_forge.brokers.security import Plan
    from kafka_forge.brokers.settings import Seat
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_POLL_SECONDS = 0.2
_POLITE_SECONDS = 60.0


class Member(Broker):
    """One broker of a cluster that was started here.

    Attributes:
        node: its id (``node.id``), from 1 on.
        internal: ``HOST:PORT`` of the listener that the brokers and the toolkit use: plain, and never behind a link.
        advertised: ``HOST:PORT`` that it tells clients: `address`, or that of the link before it.
    """

    def __init__(self, seat: Seat, launched: Launched) -> None:
        super().__init__(launched.record.version, launched.record.address, record=launched.record, launched=launched)
        self.node = seat.id
        self.internal = f"{ports.HOST}:{seat.internal}"
        self.advertised = f"{ports.HOST}:{seat.advertised}"

    def __repr__(self) -> str:
        return f"Member({self.node}, {self.version!r}, {self.address!r})"

    @property
    def identity(self) -> Identity:
        """Its process; that of the last start where it has ended."""
        assert self._record is not None
        assert self._record.server is not None
        return self._record.server

    @property
    def data(self) -> Path:
        """The folder of its log segments."""
        assert self.log_dir is not None
        return self.log_dir

    def pause(self) -> None:
        """Let it hang: the process stands still, its connections stay open, and nobody answers (SIGSTOP)."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker go on (SIGCONT); nothing happens to one that runs."""
        self._send(signal.SIGCONT)

    def terminate(self, seconds: float = _POLITE_SECONDS) -> None:
        """End it as an operator would: it hands over its partitions first (SIGTERM); after ``seconds``, as `kill`."""
        process = self.identity.process()
        if process is not None:
            self._send(signal.SIGTERM)
            try:
                process.wait(seconds)
            except psutil.TimeoutExpired:
                self.kill()

    def revive(self) -> None:
        """Start it anew after it has ended, with its data and ports as they were; `Cluster.heal` waits for it.

        Raises:
            BrokerNotReady: its process is still there, or its guard is not.
        """
        guard = self._launched.guard if self._launched else None
        if self.alive or guard is None or guard.stdin is None or guard.stdout is None:
            raise BrokerNotReady(
                "only a broker that was started here, and has ended, can be started anew",
                where=self.address,
                todo="end it first: kill() or terminate().",
            )
        guard.stdin.write(b"again\n")
        guard.stdin.flush()
        answer = guard.stdout.readline()
        if not answer.strip() or self._record is None:
            raise BrokerNotReady(
                f"broker {self.node} could not be started anew", where=self.address, todo="run the same command again."
            )
        self._record = self._record.model_copy(update={"server": Identity.of(int(answer))})
        self._record.save()

    def stop(self) -> None:
        """End it for good and remove its folder: only as a part of its `Cluster`, which does so."""
        launched, self._launched = self._launched, None
        if launched is not None and self._record is not None:
            launching.end(self._record, launched.guard, launched.making, launched.kdc)

    @property
    def record(self) -> Record:
        """As it stands in its folder."""
        assert self._record is not None
        return self._record

    def _send(self, number: int) -> None:
        process = self.identity.process()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)


class Cluster(contextlib.AbstractContextManager["Cluster"]):
    """Brokers that answered, each knowing all the others, when the cluster was handed over; as a context it ends them.

    Attributes:
        version: of Apache Kafka.
        brokers: its members, by node id from 1 on.
        secured: their listeners with TLS or SASL, and who is let in; None where it was not started with any.
    """

    def __init__(self, nodes: list[tuple[Seat, Launched]]) -> None:
        self.brokers = tuple(Member(seat, launched) for seat, launched in nodes)
        self.version = self.brokers[0].version
        self.secured = nodes[0][1].secured
        self._launched = [launched for _, launched in nodes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """``HOST:PORT,…`` of all of them, as clients are told them, for ``bootstrap.servers``."""
        return ",".join(broker.advertised for broker in self.brokers)

    @property
    def internal(self) -> str:
        """``HOST:PORT,…`` for the toolkit itself: past every link."""
        return ",".join(broker.internal for broker in self.brokers)

    def broker(self, node: int) -> Member:
        """Return the member with this node id."""
        return self.brokers[node - 1]

    def check(self) -> None:
        """Make sure that none has died by itself.

        Raises:
            BrokerDied: one has; the details are its log's last lines.
        """
        for broker in self.brokers:
            broker.check()

    def heal(self, seconds: float = forming.READY_SECONDS) -> None:
        """Make it whole: paused brokers go on, dead ones are started anew, and all copies are waited for.

        Raises:
            BrokerNotReady, DiskFull: one does not come up again, or copies stay behind, for ``seconds``.
        """
        deadline = time.monotonic() + seconds
        for broker in self.brokers:
            broker.resume()
            if not broker.alive:
                broker.revive()
        forming.wait_until_met([broker.record for broker in self.brokers], seconds)
        while behind := admin.behind(self.internal):
            if time.monotonic() > deadline:
                raise launching.not_ready(
                    self.brokers[0].record, f"copies stay out of sync after {seconds:.0f} seconds: {behind[:5]}"
                )
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End all of them and remove their folders; nothing happens a second time."""
        launched, self._launched = self._launched, []
        forming.end_all(launched)
        for broker in self.brokers:
            broker.stop()


def start_cluster(
    version: str,
    cache: Cache,
    progress: Progress,
    *,
    brokers: int = 3,
    linked: bool = False,
    overrides: Mapping[str, str] | None = None,
    security: Plan | None = None,
) -> Cluster:
    """Start a cluster, and return when each broker knows all the others. Use it as a context.

    It ends when the context ends, and also when this process is killed outright. It listens on 127.0.0.1 only.

    Args:
        version: one of `versions`, from 3.9 on.
        cache: where its jars, its Java and its folders are.
        progress: who listens.
        brokers: how many; with three or more, topics have three copies, of which two must be in sync.
        linked: whether clients are sent to a port of its own before each broker (`Member.advertised`), where whoever
            asks for this listens then: see `links`.
        overrides: settings of ``server.properties`` that stand above ours.
        security: listeners with TLS or SASL to add on every broker, past the links.

    Raises:
        UnknownBroker: no such version, or one before KRaft.
        SecurityUnavailable: no Java here speaks Kerberos for GSSAPI.
        NoNetwork, SourceUnreachable, ChecksumMismatch, JavaMissing: it cannot be made ready to run.
        PortTaken, BrokerNotReady, DiskFull: it cannot be started.
    """
    shape = forming.Shape(brokers, linked=linked, overrides=overrides or {}, security=security)
    return Cluster(_form(version, cache, progress, shape))


def start_cluster_detached(
    version: str, cache: Cache, progress: Progress, *, brokers: int = 3, security: Plan | None = None
) -> list[Record]:
    """Start a cluster that runs until `stop` is called with its records; raises what `start_cluster` raises."""
    shape = forming.Shape(brokers, detached=True, security=security)
    return [node.record for _, node in _form(version, cache, progress, shape)]


def _form(version: str, cache: Cache, progress: Progress, shape: forming.Shape) -> list[tuple[Seat, Launched]]:
    if locks.kafka(version).needs_zookeeper:
        raise UnknownBroker(
            f"Kafka {version} keeps its metadata in a ZooKeeper, and clusters are started with KRaft only",
            todo="name a version from 3.9 on, or start one broker.",
        )
    security = shape.security
    ready = runtime.prepare(version, cache, progress, kerberos=security is not None and security.kerberos)
    records.sweep(cache)
    with progress.task(f"start {shape.brokers} brokers of Apache Kafka {version}"):
        return forming.form(ready, cache, shape)
