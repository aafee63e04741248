"""The folders of brokers that run, each with a record of whose it is: what `running`, `stop` and the sweep go by."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from kafka_forge.ground.files import explain_os_errors, write_text_atomic

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache

_GRACE = 15.0
_SAME_SECONDS = 2.0


class Identity(BaseModel):
    """One process: its id alone may belong to another one by now, with its start time it is certain.

    Attributes:
        pid: the process id.
        created: seconds since the epoch at which it started.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the process that has this id now, or None."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        return None

    def process(self) -> psutil.Process | None:
        """Return the process if it is still running, else None."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _SAME_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        return None

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self.process() is not None


class Record(BaseModel):
    """One broker that this toolkit started.

    Attributes:
        folder: holds its data, its log and this record.
        version: of Apache Kafka.
        address: ``127.0.0.1:PORT``.
        server: the Java process; None until it has been started.
        zookeeper: ``127.0.0.1:PORT`` of the ZooKeeper that it has for itself; None for one without.
        keeper: the Java process of that ZooKeeper, or of the Kerberos server (KDC) that was started for it.
        owner: the toolkit's process that it ends with; None for one that runs until it is stopped.
        started: seconds since the epoch.
        cluster: what the brokers of one cluster have in common; None for a broker that is alone.
        node: its id in the cluster.
        internal: ``127.0.0.1:PORT`` of the listener that the brokers of a cluster, and the toolkit, use.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    version: str
    address: str
    server: Identity | None
    owner: Identity | None
    started: float
    zookeeper: str | None = None
    keeper: Identity | None = None
    cluster: str | None = None
    node: int = 1
    internal: str | None = None

    @property
    def log(self) -> Path:
        """What the broker, and its ZooKeeper, wrote to standard output and standard error."""
        return self.folder / "server.log"

    @property
    def log_dir(self) -> Path:
        """The folder of its log segments (``log.dirs``)."""
        return self.folder / "data"

    def save(self) -> None:
        """Write the record into its folder."""
        write_text_atomic(self.folder / "broker.json", self.model_dump_json(indent=1) + "\n")


def new_folder(cache: Cache) -> Path:
    """Make an empty folder for a broker, whose name tells which process made it.

    Raises:
        DiskFull, NotWritable: it cannot be made.
    """
    with explain_os_errors(cache.brokers):
        (cache.brokers / "run").mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=cache.brokers / "run"))


def running(cache: Cache) -> tuple[Record, ...]:
    """Return the brokers of this cache whose process runs, the oldest first."""
    records = [record for folder in _folders(cache) if (record := _read(folder))]
    alive = [record for record in records if record.server is not None and record.server.alive]
    return tuple(sorted(alive, key=lambda record: record.started))


def stop(record: Record) -> None:
    """End a broker and then its ZooKeeper or KDC, politely and after 15 seconds for certain, and remove its folder.

    One of a cluster is ended at once: without the others, which go too, it could hand over nothing.
    """
    for identity in (record.server, record.keeper):
        if identity is not None:
            end(identity, grace=0.0 if record.cluster else _GRACE)
    shutil.rmtree(record.folder, ignore_errors=True)


def end(identity: Identity, grace: float) -> None:
    """End a process politely, and after ``grace`` seconds for certain."""
    process = identity.process()
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(grace)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(_GRACE)


def sweep(cache: Cache) -> None:
    """Remove the folders of brokers that are gone, as after a power cut, and end a broker whose owner is gone."""
    for folder in _folders(cache):
        record = _read(folder)
        if record is None:
            _remove_if_orphaned(folder)
        elif not _in_use(record):
            stop(record)


def _in_use(record: Record) -> bool:
    """Whether its owner runs or, where it goes on without one, the broker itself."""
    if record.owner is not None:
        return record.owner.alive
    return record.server is not None and record.server.alive


def _remove_if_orphaned(folder: Path) -> None:
    """Remove a folder without a readable record, unless its maker may be about to write one."""
    with contextlib.suppress(OSError, ValueError):
        maker = int(folder.name.split("-", maxsplit=1)[0])
        if not psutil.pid_exists(maker) or time.time() - folder.stat().st_mtime > 600:
            shutil.rmtree(folder, ignore_errors=True)


def _folders(cache: Cache) -> list[Path]:
    run = cache.brokers / "run"
    return sorted(folder for folder in run.iterdir() if folder.is_dir()) if run.is_dir() else []


def _read(folder: Path) -> Record | None:
    try:
        return Record.model_validate_json((folder / "broker.json").read_bytes())
    except (OSError, ValidationError):
        return None
