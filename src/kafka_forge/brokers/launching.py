"""From a runtime to a broker that answers: format, start, wait; whatever fails leaves nothing behind.

A version before KRaft is not formatted, but starts together with a ZooKeeper of its own.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from kafka_forge.brokers import admin, ports, records, settings, share, spawning
from kafka_forge.brokers.records import Identity, Record, new_folder
from kafka_forge.brokers.security import Secured
from kafka_forge.errors import BrokerNotReady, DiskFull, PortTaken
from kafka_forge.ground import processes
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from kafka_forge.brokers.kerberos.kdc import Kdc
    from kafka_forge.brokers.runtime import Runtime
    from kafka_forge.brokers.security import Plan
    from kafka_forge.ground.paths import Cache

_FORMAT_SECONDS = 180.0
_POLL_SECONDS = 0.05
_PORT_TRIES = 3
_STARTED = re.compile(r"kafka\.server\.KafkaServer - \[Kafka ?Server [^]]*\],? started")
_NO_ROOM = "No space left on device"
_LOGGING = "log4j.properties"


@dataclass(frozen=True, slots=True)
class Launched:
    """A broker that answers.

    Attributes:
        record: as it stands in its folder.
        guard: the process that ends it when we end; None for one that runs until it is stopped.
        making: the class archive that is being made, if there was none.
        secured: what secures it, and its whole cluster: of that, the first broker has it.
        kdc: the Kerberos server that was started for it, and its whole cluster: of that, the first broker has it.
    """

    record: Record
    guard: subprocess.Popen[bytes] | None
    making: share.Making | None = None
    secured: Secured | None = None
    kdc: Kdc | None = None


def launch(
    runtime: Runtime, cache: Cache, *, port: int | None, detached: bool, security: Plan | None = None
) -> Launched:
    """Start a broker and wait until it answers.

    Args:
        runtime: what to run.
        cache: where its folder goes.
        port: the one to listen on; None finds a free one.
        detached: whether it goes on when this process ends.
        security: listeners with TLS or SASL to add, and whether ACLs decide; None adds none.

    Raises:
        PortTaken: ``port`` is in use.
        BrokerNotReady: the broker ended, or did not answer within five minutes.
    """
    for left in reversed(range(_PORT_TRIES)):
        if port is not None:
            ports.require_free(port)
        try:
            return _launch_once(runtime, cache, port, detached=detached, security=security)
        except PortTaken:  # between finding it free and listening on it, another process came first
            if port is not None or not left:
                raise
    raise AssertionError


def _launch_once(
    runtime: Runtime, cache: Cache, port: int | None, *, detached: bool, security: Plan | None
) -> Launched:
    found, other_port = ports.free(2)  # the other one is the KRaft controller's, or the ZooKeeper's
    port = found if port is None else port
    folder = new_folder(cache)
    guard, kdc = None, None
    record = Record(
        folder=folder,
        version=runtime.version,
        address=f"{ports.HOST}:{port}",
        server=None,
        owner=Identity.of(os.getpid()),
        started=time.time(),
        zookeeper=f"{ports.HOST}:{other_port}" if runtime.needs_zookeeper else None,
    )
    try:
        with explain_os_errors(folder):
            record.save()
            secured = Secured(security, folder) if security else None
            runtime, record, kdc = with_kdc(runtime, record, secured, detached=detached)
            _write_settings(record, port, other_port, secured)
        programs = [java_command(runtime, folder, "kafka.Kafka")]
        if runtime.needs_zookeeper:
            programs.insert(0, _zookeeper(runtime, folder))
        else:
            format_storage(runtime, record, new_cluster_id())
        pids, guard = spawning.spawn(programs, folder, detached=detached)
        *keeper, server = map(Identity.of, pids)
        record = record.model_copy(update={"server": server, "keeper": keeper[0] if keeper else record.keeper})
        record.save()
        _wait(record)
        if secured:
            secured.settle(record.address)
        if detached:
            record = record.model_copy(update={"owner": None})
            record.save()
        return Launched(record, guard, None if detached else make_archive(runtime, folder), secured, kdc)
    except BaseException:
        end(record, guard, kdc=kdc)
        raise


def with_kdc(
    runtime: Runtime, record: Record, secured: Secured | None, *, detached: bool
) -> tuple[Runtime, Record, Kdc | None]:
    """Start the Kerberos server that a listener with GSSAPI takes; without one, all stays as it is.

    Args:
        runtime: what the brokers are run from; what comes back knows the realm.
        record: of the broker that the server is started for, and that keeps it.
        secured: gets to know the realm, too.
        detached: whether all of them go on when this process ends.

    Raises:
        BrokerNotReady, DiskFull: it did not come up.
    """
    if secured is None or runtime.kerberos is None:
        return runtime, record, None
    from kafka_forge.brokers.kerberos import kdc

    users = secured.plan.users
    started = kdc.start(runtime.kerberos, record.folder, secured.folder, users, detached=detached)
    secured.realm = started.realm
    record = record.model_copy(update={"keeper": started.process})
    record.save()
    config = f"-Djava.security.krb5.conf={started.realm.broker.config}"
    return replace(runtime, properties=(config,)), record, started


def make_archive(runtime: Runtime, folder: Path) -> share.Making | None:
    """Begin to make the class archive, where there is none, out of what the broker of this folder has loaded."""
    classes = folder / "classes.txt"
    if runtime.archive.is_file() or not classes.is_file():
        return None
    return share.Making([str(runtime.java), *_flags(runtime, folder)], runtime.archive, folder)


def _flags(runtime: Runtime, folder: Path, heap: int = 512) -> list[str]:
    logging = [f"-Dlog4j.configuration={(folder / _LOGGING).as_uri()}"] if runtime.needs_zookeeper else []
    flags = settings.java_flags(folder / "tmp", runtime.release, heap)
    return [*flags, *runtime.properties, *logging, "-cp", runtime.class_path]


def java_command(runtime: Runtime, folder: Path, main_class: str, heap: int = 512) -> list[str]:
    """Return the command that runs a class of Kafka with the ``server.properties`` of a broker's folder.

    Args:
        runtime: what to run.
        folder: the broker's.
        main_class: with its package.
        heap: how large Java's heap may become, in MiB.
    """
    sharing = share.flags(runtime.archive, folder)
    return [str(runtime.java), *sharing, *_flags(runtime, folder, heap), main_class, str(folder / "server.properties")]


def _zookeeper(runtime: Runtime, folder: Path) -> list[str]:
    main_class = "org.apache.zookeeper.server.ZooKeeperServerMain"
    quiet = "-Dzookeeper.jmx.log4j.disable=true"  # it would look for a log4j that is not there
    flags = [*share.flags_of_another(runtime.archive), quiet, *_flags(runtime, folder)]
    return [str(runtime.java), *flags, main_class, str(folder / "zookeeper.properties")]


def new_cluster_id() -> str:
    """Return a random id in Kafka's form (a UUID's 16 bytes in base64url); never like an option of a program."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _write_settings(record: Record, port: int, other_port: int, secured: Secured | None) -> None:
    (record.folder / "tmp").mkdir()
    if record.zookeeper:
        values = settings.properties_with_zookeeper(port=port, zookeeper=record.zookeeper, data=record.log_dir)
        keeper = settings.zookeeper_properties(port=other_port, data=record.folder / "zookeeper")
        (record.folder / _LOGGING).write_text(settings.render(settings.LOGGING), encoding="utf-8")
        (record.folder / "zookeeper.properties").write_text(settings.render(keeper), encoding="utf-8")
    else:
        values = settings.properties(port=port, controller_port=other_port, data=record.log_dir)
    if secured:
        values = secured.properties(values)
    (record.folder / "server.properties").write_text(settings.render(values), encoding="utf-8")


def format_storage(runtime: Runtime, record: Record, cluster: str) -> None:
    """Format a broker's data folder (KIP-631) for a cluster with this id.

    Raises:
        BrokerNotReady, DiskFull: Kafka's own tool could not.
    """
    command = java_command(runtime, record.folder, "kafka.tools.StorageTool")
    arguments = [*command[:-1], "format", "--cluster-id", cluster, "--config", command[-1]]
    ended = processes.run(arguments, log=record.log, environment=spawning.environment(), timeout=_FORMAT_SECONDS)
    if ended.returncode:
        raise not_ready(record, f"the storage of Kafka {record.version} could not be formatted")


def _cluster_of(record: Record) -> str | None:
    """Return the cluster's id as it stands in the data folder: by `_format`, or by the broker before it listens."""
    with contextlib.suppress(OSError):
        for line in (record.log_dir / "meta.properties").read_text(encoding="utf-8").splitlines():
            if line.startswith("cluster.id="):
                return line.partition("=")[2].strip()
    return None


def _is_up(record: Record) -> bool:
    """Whether the broker that was started, and no other one, answers a metadata request.

    Its cluster's id tells. Before 2.4 that stands in ZooKeeper only (KAFKA-7335); then its log says that it listens.
    """
    if not ports.answers(record.address):
        return False
    wanted = _cluster_of(record)
    if wanted is None and not any(_STARTED.search(line) for line in tail(record.log, 500)):
        return False
    found = admin.cluster_id(record.address, seconds=2.0)
    return found is not None and wanted in (None, found)


def _wait(record: Record) -> None:
    """Wait until the broker that was just started, and no other one, answers a metadata request.

    Raises:
        PortTaken: it could not listen on its port.
        BrokerNotReady: it ended, or its time is up.
    """
    deadline = time.monotonic() + settings.READY_SECONDS
    while time.monotonic() < deadline:
        if not all(process and process.alive for process in _processes(record)):
            explain_end(record)
        if _is_up(record):
            return
        time.sleep(_POLL_SECONDS)
    raise not_ready(record, f"Kafka {record.version} did not answer within {settings.READY_SECONDS:.0f} seconds")


def _processes(record: Record) -> list[Identity | None]:
    return [record.server, record.keeper] if record.zookeeper or record.keeper else [record.server]


def explain_end(record: Record) -> NoReturn:
    """Raise the error for a broker that ended while it started.

    Raises:
        PortTaken, BrokerNotReady, DiskFull: what its log says.
    """
    lines = tail(record.log, 200)
    if any("Address already in use" in line for line in lines):
        ports.require_free(int(record.address.rpartition(":")[2]))
        raise PortTaken(
            "the broker's port was taken while it started", where=record.address, todo="run the same command again."
        )
    keeper = " or its ZooKeeper" if record.zookeeper else " or its Kerberos server" if record.keeper else ""
    raise not_ready(record, f"Kafka {record.version}{keeper} ended while it started")


def not_ready(record: Record, what: str) -> BrokerNotReady | DiskFull:
    """Return the error for a broker that did not come up, with its log's last lines."""
    details = tail(record.log)
    if any(_NO_ROOM in line for line in details):
        return DiskFull(
            f"{what}: no room is left on the file system",
            where=str(record.folder),
            details=details[-5:],
            todo=DiskFull.MAKE_ROOM,
        )
    return BrokerNotReady(
        what,
        where=str(keep_log(record)),
        details=details,
        todo="read the log; a shortage of memory or disk is the usual reason.",
    )


def keep_log(record: Record) -> Path:
    """Copy a broker's log to where it outlives the broker's folder, in place of the one kept before."""
    kept = record.folder.parents[1] / "last-failure.log"
    with contextlib.suppress(OSError):
        shutil.copyfile(record.log, kept)
    return kept


def end(
    record: Record,
    guard: subprocess.Popen[bytes] | None,
    making: share.Making | None = None,
    kdc: Kdc | None = None,
) -> None:
    """End a broker, and the Kerberos server that was started for it, and remove its folder; may be called again."""
    if making is not None:
        making.cancel()
    if guard is not None:
        spawning.end(guard)
    if kdc is not None:
        kdc.end()
    records.stop(record)
