"""What a broker is told, one alone or one of a cluster: its ``server.properties`` and the flags of its Java."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLIENT = "CLIENT"
INTERNAL = "INTERNAL"
_CONTROLLER = "CONTROLLER"
LOGGING = {
    "log4j.rootLogger": "INFO, err",
    "log4j.appender.err": "org.apache.log4j.ConsoleAppender",
    "log4j.appender.err.target": "System.err",
    "log4j.appender.err.layout": "org.apache.log4j.PatternLayout",
    "log4j.appender.err.layout.ConversionPattern": "%d{HH:mm:ss.SSS} [%t] %p %c - %m%n",
}
"""Of log4j 1, which Kafka writes to itself before 1.0, and which is silent without settings."""
QUICK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""For a cluster whose brokers are killed again and again: one that is gone is missed after 3 seconds, not 9, and only
then may the same broker register anew (KIP-631)."""
READY_SECONDS = 300.0
"""How long a broker may take until it answers; one that ends is told at once. On a busy machine 90 were too few."""
_REGISTRATION = {"initial.broker.registration.timeout.ms": f"{READY_SECONDS * 1000:.0f}"}
"""A KRaft broker ends itself when the controllers have not taken it in after 60 seconds (its default), which a busy
machine may need; this is as long as a start is waited for."""
_LARGEST_MESSAGE = 8 * 1024 * 1024


def properties(*, port: int, controller_port: int, data: Path) -> dict[str, str]:
    """Return the settings of one KRaft node that is broker and controller in one, on the loopback address only.

    Args:
        port: where clients connect (TCP).
        controller_port: where the controller listens (TCP); nobody else connects to it.
        data: the folder of the log segments.

    The names are those of Kafka's broker configuration reference.
    """
    client, controller = f"127.0.0.1:{port}", f"127.0.0.1:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": _CONTROLLER,
        "inter.broker.listener.name": CLIENT,
        "listeners": f"{CLIENT}://{client},{_CONTROLLER}://{controller}",
        "advertised.listeners": f"{CLIENT}://{client}",
        "listener.security.protocol.map": f"{CLIENT}:PLAINTEXT,{_CONTROLLER}:PLAINTEXT",
        **_REGISTRATION,
        **_common(data),
    }


@dataclass(frozen=True, slots=True)
class Seat:
    """One node's place in a cluster.

    Attributes:
        id: the node's (``node.id``), from 1 on.
        port: where clients connect (TCP).
        advertised: the port that clients are told to connect to: `port`, or that of a link in front of it.
        internal: where the other brokers and the toolkit itself connect (TCP).
        controller: where the other controllers connect (TCP).
    """

    id: int
    port: int
    advertised: int
    internal: int
    controller: int


def properties_of_member(seat: Seat, seats: Sequence[Seat], data: Path) -> dict[str, str]:
    """Return the settings of one KRaft node of a cluster, broker and controller in one, on the loopback address only.

    Clients have the listener `CLIENT`; the brokers speak to each other on `INTERNAL`, which stays plain and direct
    whatever stands before the other one. There are three copies of everything, of which two must be in sync
    (`_copies`): one node may go and all goes on. ``group.min.session.timeout.ms`` lets a consumer be missed soon.
    """
    host = "127.0.0.1"
    return {
        "process.roles": "broker,controller",
        "node.id": str(seat.id),
        "controller.quorum.voters": ",".join(f"{each.id}@{host}:{each.controller}" for each in seats),
        "controller.listener.names": _CONTROLLER,
        "inter.broker.listener.name": INTERNAL,
        "listeners": f"{CLIENT}://{host}:{seat.port},{INTERNAL}://{host}:{seat.internal},"
        f"{_CONTROLLER}://{host}:{seat.controller}",
        "advertised.listeners": f"{CLIENT}://{host}:{seat.advertised},{INTERNAL}://{host}:{seat.internal}",
        "listener.security.protocol.map": f"{CLIENT}:PLAINTEXT,{INTERNAL}:PLAINTEXT,{_CONTROLLER}:PLAINTEXT",
        "group.min.session.timeout.ms": "1000",
        **_REGISTRATION,
        **_common(data),
        **_copies(len(seats)),
    }


def _copies(nodes: int) -> dict[str, str]:
    """Return how many copies are kept, and how many of them must be in sync for a write with ``acks=all``."""
    copies = str(min(nodes, 3))
    in_sync = str(2 if nodes >= 3 else 1)
    own = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        **{f"{topic}.replication.factor": copies for topic in own},
        **{f"{topic}.min.isr": in_sync for topic in own[1:]},
        f"{own[2]}.num.partitions": "1",
    }


def properties_with_zookeeper(*, port: int, zookeeper: str, data: Path) -> dict[str, str]:
    """Return the settings of one broker that keeps its metadata in a ZooKeeper, on the loopback address only.

    Args:
        port: where clients connect (TCP).
        zookeeper: ``HOST:PORT`` of the ZooKeeper.
        data: the folder of the log segments.

    There is no other broker to hand the partitions over to, so ``controlled.shutdown.enable`` only would take time.
    The listener has the one name that brokers before 0.10.2 know (KIP-103); ``delete.topic.enable`` is the default from
    1.0 on.
    """
    client = f"127.0.0.1:{port}"
    return {
        "broker.id": "1",
        "zookeeper.connect": zookeeper,
        "zookeeper.connection.timeout.ms": f"{READY_SECONDS * 1000:.0f}",
        "controlled.shutdown.enable": "false",
        "delete.topic.enable": "true",
        "listeners": f"PLAINTEXT://{client}",
        "advertised.listeners": f"PLAINTEXT://{client}",
        **_common(data),
    }


def zookeeper_properties(*, port: int, data: Path) -> dict[str, str]:
    """Return the settings of a ZooKeeper of its own, on the loopback address only.

    Args:
        port: where clients connect (TCP).
        data: the folder of its snapshots and transactions.

    The names are those of ZooKeeper's administrator's guide. ``forceSync`` is off because nothing is kept; without
    ``admin.enableServer`` off, it would listen on port 8080.
    """
    return {
        "dataDir": data.as_posix(),
        "clientPortAddress": "127.0.0.1",
        "clientPort": str(port),
        "maxClientCnxns": "0",
        "forceSync": "no",
        "admin.enableServer": "false",
    }


def _common(data: Path) -> dict[str, str]:
    """Return what does not depend on where the metadata is kept.

    The replication factors are 1 because there is but one broker; without those of the share coordinator (KIP-932) a
    share group hears nothing, and a Kafka that has none leaves them aside. ``group.initial.rebalance.delay.ms`` 0 lets
    a group's first consumer begin at once, and members by the newer protocol (KIP-848) hear of each other every two
    seconds, not every five; not sooner, for librdkafka waits twice as long for a heartbeat's answer, and a static
    member whose first one is late on a busy machine asks again and is fenced. A share group's members get their
    partition with their second heartbeat, and a group may be set to wait no longer than a second for an answer. The
    small partition counts and buffers only make the start quicker.

    Nothing is ever too old (``log.retention.ms`` -1): a broker counts a message's age from its own timestamp, so that
    after seven days by default those that a client dates itself, years back, would be gone at some minute of its own
    choice (half a minute after its start, then every five: ``log.retention.check.interval.ms``).
    """
    return {
        "log.dirs": data.as_posix(),
        "log.retention.ms": "-1",
        "auto.create.topics.enable": "true",
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.consumer.min.heartbeat.interval.ms": "2000",
        "group.consumer.heartbeat.interval.ms": "2000",
        "group.share.min.heartbeat.interval.ms": "2000",
        "group.share.heartbeat.interval.ms": "2000",
        "group.share.min.record.lock.duration.ms": "1000",
        "message.max.bytes": str(_LARGEST_MESSAGE),
        "replica.fetch.max.bytes": str(_LARGEST_MESSAGE),
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def render(settings: dict[str, str]) -> str:
    r"""Return settings in the form of a Java properties file.

    >>> print(render({"node.id": "1", "log.dirs": "C:\\data"}), end="")
    node.id=1
    log.dirs=C:\\data
    """
    return "".join(f"{key}={value}\n" for key, value in settings.items()).replace("\\", "\\\\")


def java_flags(temporary: Path, release: int, heap: int = 512) -> list[str]:
    r"""Return the flags for a small, quickly started Java that writes nowhere but below its own folder.

    Args:
        temporary: where zstd-jni and snappy-java unpack their native libraries.
        release: the feature release of Java.
        heap: how large the heap may become, in MiB.
    """
    native = ["--enable-native-access=ALL-UNNAMED"] if release >= 21 else []  # it warns about zstd-jni otherwise
    return [
        *native,
        f"-Xms{min(heap, 128)}m",
        f"-Xmx{heap}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # the first compiler only: a broker that lives for seconds never repays the second
        "-XX:-UsePerfData",  # no file in the machine's temporary folder
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={temporary}",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    ]
