"""A broker to speak to: one that is started for the purpose and ends with it, or one that somebody else runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from typing import TYPE_CHECKING

import psutil

from kafka_forge.brokers import admin, identify, launching, locks, ports, records, runtime
from kafka_forge.errors import BrokerDied, BrokerNotReady, SecurityUnavailable, UnknownBroker
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from kafka_forge.brokers.launching import Launched
    from kafka_forge.brokers.records import Record
    from kafka_forge.brokers.security import Plan, Secured
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_CONNECT_SECONDS = 10.0
ALL = "all"
_TODO = "name one of {known}, or an address such as 127.0.0.1:9092."
_ADDRESS = re.compile(r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):([0-9]{1,5})$")


class Broker(contextlib.AbstractContextManager["Broker"]):
    """A broker that answered when it was handed over; as a context it is stopped at the end if it is owned.

    Attributes:
        version: of Apache Kafka; of somebody else's broker the feature release (``4.2``), or ``unknown``.
        address: ``HOST:PORT`` for ``bootstrap.servers``.
        log_dir: the folder of its log segments; None where that is not known.
        owned: whether it was started for us and ends with us.
        zookeeper: ``HOST:PORT`` of the ZooKeeper that a broker before KRaft was started with here; None otherwise.
        secured: its listeners with TLS or SASL, and who is let in; None where it was not started with any.
    """

    def __init__(
        self, version: str, address: str, *, record: Record | None = None, launched: Launched | None = None
    ) -> None:
        self.version = version
        self.address = address
        self.owned = launched is not None
        self.log_dir: Path | None = record.log_dir if record else None
        self.zookeeper: str | None = record.zookeeper if record else None
        self.secured: Secured | None = launched.secured if launched else None
        self._record = record
        self._launched = launched

    def __repr__(self) -> str:
        return f"Broker({self.version!r}, {self.address!r}, owned={self.owned})"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __enter__(self) -> Self:
        return self

    @property
    def alive(self) -> bool:
        """Whether its process runs; for somebody else's broker, whether its port accepts a connection."""
        if self._record is not None and self._record.server is not None:
            return self._record.server.alive
        return ports.answers(self.address, seconds=2.0)

    def check(self) -> None:
        """Make sure that it has not died: whoever saw a client fail asks this before blaming the client.

        Raises:
            BrokerDied: it has; the details are its log's last lines.
        """
        if self.alive:
            return
        record = self._record
        raise BrokerDied(
            f"the broker (Kafka {self.version}) ended while it was needed",
            where=str(launching.keep_log(record)) if record else self.address,
            details=tail(record.log) if record else [],
            todo="read its log, then run the same command again." if record else "start it again, then run this again.",
        )

    def kill(self) -> None:
        """End its process at once, as a crash would (SIGKILL): a fault for tests, on an owned broker only."""
        if self._launched is None or self._record is None or self._record.server is None:
            raise BrokerNotReady(
                "only a broker that was started here can be killed", where=self.address, todo="use brokers.start()."
            )
        process = self._record.server.process()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                process.wait(10)

    def stop(self) -> None:
        """Stop an owned broker and remove its folder; nothing happens to somebody else's, or a second time."""
        launched, self._launched = self._launched, None
        if launched is not None:
            launching.end(launched.record, launched.guard, launched.making, launched.kdc)


def start(
    version: str, cache: Cache, progress: Progress, *, port: int | None = None, security: Plan | None = None
) -> Broker:
    """Start a Kafka, and return when it answers. Use it as a context: ``with start("4.4.0", cache, progress) as b``.

    It ends when the context ends, and also when this process is killed outright. It listens on 127.0.0.1 only.

    Args:
        version: one of `versions`.
        cache: where its jars, its Java and its folder are.
        progress: who listens.
        port: the one to listen on; None finds a free one.
        security: listeners with TLS or SASL to add; ``address`` stays that of the one without, for the toolkit itself.

    Raises:
        UnknownBroker: no such version.
        SecurityUnavailable: a version before KRaft is to be secured, or no Java here speaks Kerberos for GSSAPI.
        NoNetwork, SourceUnreachable, ChecksumMismatch, JavaMissing: it cannot be made ready to run.
        PortTaken, BrokerNotReady: it cannot be started.
    """
    launched = _launch(version, cache, progress, port, security, detached=False)
    return Broker(version, launched.record.address, record=launched.record, launched=launched)


def start_detached(
    version: str, cache: Cache, progress: Progress, *, port: int | None = None, security: Plan | None = None
) -> Record:
    """Start a Kafka that runs until `stop` is called with its record; raises what `start` raises."""
    return _launch(version, cache, progress, port, security, detached=True).record


def _launch(
    version: str, cache: Cache, progress: Progress, port: int | None, security: Plan | None, *, detached: bool
) -> Launched:
    if security and locks.kafka(version).needs_zookeeper:
        raise SecurityUnavailable(
            f"Kafka {version} keeps its metadata in a ZooKeeper, and only brokers with KRaft are secured here",
            todo="name a version from 3.9 on.",
        )
    ready = runtime.prepare(version, cache, progress, kerberos=security is not None and security.kerberos)
    records.sweep(cache)
    with progress.task(f"start Apache Kafka {version}"):
        return launching.launch(ready, cache, port=port, detached=detached, security=security)


def connect(address: str, cache: Cache | None = None) -> Broker:
    """Return a broker that runs already, after it has answered.

    Args:
        address: ``HOST:PORT``.
        cache: where to look whether it is one that `start_detached` started: then its version and its log segments
            are known, too.

    Raises:
        UnknownBroker: that is no ``HOST:PORT``.
        BrokerNotReady: nobody answers there.
    """
    if not _is_address(address):
        raise UnknownBroker(
            f"{address!r} is neither a known Kafka version nor HOST:PORT",
            todo=locks.instead_of(address) + _TODO.format(known=", ".join(locks.versions())),
        )
    # a refused connection says so at once; librdkafka would go on trying until its time is up
    if not ports.answers(address, _CONNECT_SECONDS) or admin.cluster_id(address, _CONNECT_SECONDS) is None:
        raise BrokerNotReady(
            f"no Kafka broker answers at {address}",
            where=address,
            todo="see that it runs, that the port is that of a plaintext listener, and that its "
            "advertised.listeners lead back to it.",
        )
    known = [record for record in records.running(cache) if record.address == address] if cache else []
    return (
        Broker(known[0].version, address, record=known[0]) if known else Broker(identify.version_of(address), address)
    )


def choose(choices: Sequence[str]) -> tuple[str, ...]:
    """Return the brokers that ``--broker`` asks for, each once, in the order of the asking.

    Args:
        choices: versions, addresses, ``all`` (every version that has all of today's codecs), or several of these with
            commas between them; none at all asks for the default version.

    Raises:
        UnknownBroker: one of them is none of that, or is too old for a round trip.

    >>> choose(["3.9.2,localhost:9092", "3.9.2"])
    ('3.9.2', 'localhost:9092')
    """
    named = [name.strip() for choice in choices for name in choice.split(",")] or [locks.DEFAULT]
    tried = [version for version in locks.versions() if locks.kafka(version).has_headers]
    for name in named:
        if name in locks.versions() and name not in tried:
            by_hand = f"`kafka-forge broker start --version {name}` starts it to play with."
            raise UnknownBroker(
                f"Kafka {name} keeps no headers and no record batches (KIP-98), so a round trip cannot be judged on it",
                todo=f"{_TODO.format(known=', '.join([*tried, ALL]))} {by_hand}",
            )
        if name != ALL and name not in tried and not _is_address(name):
            raise UnknownBroker(
                f"{name!r} is neither a known Kafka version nor HOST:PORT",
                todo=locks.instead_of(name) + _TODO.format(known=", ".join([*tried, ALL])),
            )
    every = [version for version in tried if locks.kafka(version).has_every_codec]
    return tuple(dict.fromkeys(each for name in named for each in (every if name == ALL else [name])))


def _is_address(text: str) -> bool:
    match = _ADDRESS.match(text)
    return match is not None and 0 < int(match[2]) < 65536


def open_broker(choice: str | None, cache: Cache, progress: Progress) -> Broker:
    """Return the broker that ``--broker`` asks for: a version, which is started, or ``HOST:PORT``.

    None asks for the default version. Raises what `start` and `connect` raise.
    """
    if choice is None or choice in locks.versions():
        return start(choice or locks.DEFAULT, cache, progress)
    return connect(choice, cache)
