"""From a runtime to a broker that answers: format, start, wait; whatever fails on the way leaves nothing behind."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import processes
from kafka_forge.brokers import admin, ports, records, settings, share
from kafka_forge.brokers.records import Identity, Record, new_folder
from kafka_forge.errors import BrokerNotReady, DiskFull, PortTaken
from kafka_forge.evidence import tail
from kafka_forge.files import explain_os_errors

if TYPE_CHECKING:
    from kafka_forge.brokers.runtime import Runtime
    from kafka_forge.paths import Cache

_READY_SECONDS = 90.0
_FORMAT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_PORT_TRIES = 3
_GUARD_SECONDS = 20.0
_NO_ROOM = "No space left on device"
_IGNORED = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


@dataclass(frozen=True, slots=True)
class Launched:
    """A broker that answers.

    Attributes:
        record: as it stands in its folder.
        guard: the process that ends it when we end; None for one that runs until it is stopped.
        making: the class archive that is being made, if there was none.
    """

    record: Record
    guard: subprocess.Popen[bytes] | None
    making: share.Making | None = None


def launch(runtime: Runtime, cache: Cache, *, port: int | None, detached: bool) -> Launched:
    """Start a broker and wait until it answers.

    Args:
        runtime: what to run.
        cache: where its folder goes.
        port: the one to listen on; None finds a free one.
        detached: whether it goes on when this process ends.

    Raises:
        PortTaken: ``port`` is in use.
        BrokerNotReady: the broker ended, or did not answer within 90 seconds.
    """
    for left in reversed(range(_PORT_TRIES)):
        if port is not None:
            ports.require_free(port)
        try:
            return _launch_once(runtime, cache, port, detached=detached)
        except PortTaken:  # between finding it free and listening on it, another process came first
            if port is not None or not left:
                raise
    raise AssertionError


def _launch_once(runtime: Runtime, cache: Cache, port: int | None, *, detached: bool) -> Launched:
    found, controller_port = ports.free(2)
    port = found if port is None else port
    folder = new_folder(cache)
    guard = None
    record = Record(
        folder=folder,
        version=runtime.version,
        address=f"{ports.HOST}:{port}",
        server=None,
        owner=Identity.of(os.getpid()),
        started=time.time(),
    )
    try:
        with explain_os_errors(folder):
            record.save()
            _write_settings(record, port, controller_port)
        cluster = _format(runtime, record)
        pid, guard = _spawn(_java(runtime, folder, "kafka.Kafka"), folder, detached=detached)
        record = record.model_copy(update={"server": Identity.of(pid)})
        record.save()
        _wait(record, cluster)
        if detached:
            record = record.model_copy(update={"owner": None})
            record.save()
        return Launched(record, guard, None if detached else _make_archive(runtime, folder))
    except BaseException:
        end(record, guard)
        raise


def _make_archive(runtime: Runtime, folder: Path) -> share.Making | None:
    classes = folder / "classes.txt"
    if runtime.archive.is_file() or not classes.is_file():
        return None
    return share.Making([str(runtime.java), *_flags(runtime, folder)], runtime.archive, folder)


def _flags(runtime: Runtime, folder: Path) -> list[str]:
    return [*settings.java_flags(folder / "tmp", runtime.release), "-cp", runtime.class_path]


def _java(runtime: Runtime, folder: Path, main_class: str) -> list[str]:
    sharing = share.flags(runtime.archive, folder)
    return [str(runtime.java), *sharing, *_flags(runtime, folder), main_class, str(folder / "server.properties")]


def _environment() -> dict[str, str]:
    """Return our environment without what would change the flags of a Java behind our back."""
    return {name: value for name, value in os.environ.items() if name not in _IGNORED}


def _cluster_id() -> str:
    """Return a random id in Kafka's form (a UUID's 16 bytes in base64url); never like an option of a program."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _write_settings(record: Record, port: int, controller_port: int) -> None:
    (record.folder / "tmp").mkdir()
    values = settings.properties(port=port, controller_port=controller_port, data=record.log_dir)
    (record.folder / "server.properties").write_text(settings.render(values), encoding="utf-8")


def _format(runtime: Runtime, record: Record) -> str:
    """Format the data folder (KIP-631); return the new cluster's id."""
    cluster = _cluster_id()
    command = _java(runtime, record.folder, "kafka.tools.StorageTool")
    arguments = [*command[:-1], "format", "--cluster-id", cluster, "--config", command[-1]]
    ended = processes.run(arguments, log=record.log, environment=_environment(), timeout=_FORMAT_SECONDS)
    if ended.returncode:
        raise not_ready(record, f"the storage of Kafka {record.version} could not be formatted")
    return cluster


def _spawn(arguments: list[str], folder: Path, *, detached: bool) -> tuple[int, subprocess.Popen[bytes] | None]:
    """Start the server; return its process id, and its guard unless it is to go on without us."""
    if detached:
        with (folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                arguments,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return server.pid, None
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), str(folder), *arguments],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert guard.stdout is not None
    answer = guard.stdout.readline()
    if not answer.strip():
        guard.wait()
        raise BrokerNotReady(
            "Java could not be started", where=arguments[0], todo="set KAFKA_FORGE_JAVA to a java program that runs."
        )
    return int(answer), guard


def _wait(record: Record, cluster: str) -> None:
    """Wait until the broker that was just formatted, and no other one, answers a metadata request.

    Raises:
        PortTaken: it could not listen on its port.
        BrokerNotReady: it ended, or its time is up.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if record.server is None or not record.server.alive:
            _explain_end(record)
        if ports.answers(record.address) and admin.cluster_id(record.address, seconds=2.0) == cluster:
            return
        time.sleep(_POLL_SECONDS)
    raise not_ready(record, f"Kafka {record.version} did not answer within {_READY_SECONDS:.0f} seconds")


def _explain_end(record: Record) -> None:
    lines = tail(record.log, 200)
    if any("Address already in use" in line for line in lines):
        ports.require_free(int(record.address.rpartition(":")[2]))
        raise PortTaken(
            "the broker's port was taken while it started", where=record.address, todo="run the same command again."
        )
    raise not_ready(record, f"Kafka {record.version} ended while it started")


def not_ready(record: Record, what: str) -> BrokerNotReady | DiskFull:
    """Return the error for a broker that did not come up, with its log's last lines."""
    details = tail(record.log)
    if any(_NO_ROOM in line for line in details):
        return DiskFull(
            f"{what}: no room is left on the file system",
            where=str(record.folder),
            details=details[-5:],
            todo="free some space (`kafka-forge clean` shows what the cache holds), or set KAFKA_FORGE_CACHE.",
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


def end(record: Record, guard: subprocess.Popen[bytes] | None, making: share.Making | None = None) -> None:
    """End a broker and remove its folder; may be called again."""
    if making is not None:
        making.cancel()
    if guard is not None and guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.close()
        try:
            guard.wait(_GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            processes.end(guard)
        if guard.stdout is not None:
            guard.stdout.close()
    records.stop(record)
