"""What it takes to run one version of Kafka: its jars from the lock and a Java, both kept in the cache."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import filelock

from kafka_forge.brokers import java, locks, share
from kafka_forge.errors import ChecksumMismatch, SourceUnreachable
from kafka_forge.ground.files import Store, atomic_path, link_or_copy
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.brokers.kerberos.java import Java
    from kafka_forge.brokers.locks import Jar, KafkaLock
    from kafka_forge.errors import ForgeError
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Kerberos:
    """A Kerberos server (KDC) that can be run.

    Attributes:
        java: what it and its broker run on.
        jars: its class path, in the lock's order.
    """

    java: Java
    jars: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Kafka that can be run.

    Attributes:
        version: of Apache Kafka.
        release: the feature release of Java.
        java: the program.
        jars: the class path, in the lock's order.
        archive: where the class archive of this Java and these jars is, or would be.
        needs_zookeeper: whether it keeps its metadata in a ZooKeeper, which is among the jars.
        kerberos: what a listener with GSSAPI takes; None where none is asked for.
        properties: more of Java's system properties.
    """

    version: str
    release: int
    java: Path
    jars: tuple[Path, ...]
    archive: Path
    needs_zookeeper: bool = False
    kerberos: Kerberos | None = None
    properties: tuple[str, ...] = ()

    @property
    def class_path(self) -> str:
        """The class path as Java takes it."""
        return os.pathsep.join(str(jar) for jar in self.jars)


def prepare(version: str, cache: Cache, progress: Progress, *, kerberos: bool = False) -> Runtime:
    """Obtain what is missing of a Kafka version and of its Java.

    Args:
        version: of Apache Kafka.
        cache: where all of it is kept.
        progress: who listens.
        kerberos: whether a listener is to have GSSAPI, which takes another Java and a Kerberos server.

    Raises:
        UnknownBroker, LockInvalid: there is no (usable) lock.
        NoNetwork, SourceUnreachable, ChecksumMismatch: a jar cannot be had.
        JavaMissing, SecurityUnavailable: nor can a Java.
    """
    lock = locks.kafka(version)
    beside = _kerberos(cache, progress) if kerberos else None
    program = beside.java.program if beside else java.find(lock.java, cache, progress)
    release = beside.java.release if beside else lock.java
    try:
        jars = _laid_out(f"kafka-{version}", f"Apache Kafka {version}", lock.jars, cache, progress)
    except (SourceUnreachable, ChecksumMismatch) as error:
        raise _gone(lock, error) from error
    archive = share.archive_of(jars[0].parent, program)
    return Runtime(version, release, program, jars, archive, lock.needs_zookeeper, beside)


def _kerberos(cache: Cache, progress: Progress) -> Kerberos:
    from kafka_forge.brokers.kerberos.java import find  # it is not for every broker

    found = find(cache, progress)
    try:
        return Kerberos(found, _laid_out("kdc", "a Kerberos server", locks.kdc().jars, cache, progress))
    except (SourceUnreachable, ChecksumMismatch) as error:
        raise type(error)(
            f"the Kerberos server that GSSAPI takes cannot be made ready: {error.what}",
            where=error.where,
            details=error.details,
            todo="see that the mirror of ~/.m2/settings.xml serves what locks/kdc.json names; or leave gssapi out.",
        ) from error


def _laid_out(name: str, title: str, jars: Sequence[Jar], cache: Cache, progress: Progress) -> tuple[Path, ...]:
    """Return the jars of a class path, in this order, in a folder of their own in the cache."""
    sums = hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()
    home = cache.brokers / f"{name}-{sums[:12]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{home}.lock"):
        if not home.is_dir():
            files = _obtain(title, jars, Store(cache.store), progress)
            with atomic_path(home) as draft:
                draft.mkdir()
                for jar, file in zip(jars, files, strict=True):
                    link_or_copy(file, draft / jar.filename)
    return tuple(home / jar.filename for jar in jars)


def _obtain(title: str, jars: Sequence[Jar], store: Store, progress: Progress) -> list[Path]:
    """Return the jars in the store, in this order; several are fetched at a time."""
    with (
        progress.task(title, total=len(jars)) as task,
        ThreadPoolExecutor(_PARALLEL, thread_name_prefix="jars") as pool,
    ):

        def one(jar: Jar) -> Path:
            file = obtain(jar.source, store, Silent())
            task.advance()
            return file

        try:
            return list(pool.map(one, jars))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _gone(lock: KafkaLock, error: SourceUnreachable | ChecksumMismatch) -> ForgeError:
    """Return the error for a jar that Maven does not have any more, or has with other bytes than the lock says."""
    others = ", ".join(version for version in locks.versions() if version != lock.kafka)
    return type(error)(
        f"Apache Kafka {lock.kafka} cannot be made ready: {error.what}",
        where=error.where,
        details=error.details,
        todo=f"see that the mirror of ~/.m2/settings.xml serves what its lock names; or name another of {others}; or "
        f"make the lock again: python -m kafka_forge.brokers.lockmaker --java {lock.java} {lock.kafka}.",
    )
