"""What it takes to run one version of Kafka: its jars from the lock and a Java, both kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import filelock

from kafka_forge.brokers import java, locks, share
from kafka_forge.errors import ChecksumMismatch, SourceUnreachable
from kafka_forge.files import Store, atomic_path
from kafka_forge.progress import Silent
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers.locks import Jar, KafkaLock
    from kafka_forge.errors import ForgeError
    from kafka_forge.paths import Cache
    from kafka_forge.progress import Progress

_PARALLEL = 8


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
    """

    version: str
    release: int
    java: Path
    jars: tuple[Path, ...]
    archive: Path
    needs_zookeeper: bool = False

    @property
    def class_path(self) -> str:
        """The class path as Java takes it."""
        return os.pathsep.join(str(jar) for jar in self.jars)


def prepare(version: str, cache: Cache, progress: Progress) -> Runtime:
    """Obtain what is missing of a Kafka version and of its Java.

    Raises:
        UnknownBroker, LockInvalid: there is no (usable) lock.
        NoNetwork, SourceUnreachable, ChecksumMismatch: a jar cannot be had.
        JavaMissing: nor can a Java.
    """
    lock = locks.kafka(version)
    program = java.find(lock.java, cache, progress)
    sums = hashlib.sha256("".join(jar.sha256 for jar in lock.jars).encode()).hexdigest()
    home = cache.brokers / f"kafka-{version}-{sums[:12]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{home}.lock"):
        if not home.is_dir():
            files = _obtain(lock, Store(cache.store), progress)
            with atomic_path(home) as draft:
                draft.mkdir()
                for jar, file in zip(lock.jars, files, strict=True):
                    _link(file, draft / jar.filename)
    jars = tuple(home / jar.filename for jar in lock.jars)
    return Runtime(version, lock.java, program, jars, share.archive_of(home, program), lock.needs_zookeeper)


def _obtain(lock: KafkaLock, store: Store, progress: Progress) -> list[Path]:
    """Return the jars in the store, in the lock's order; several are fetched at a time."""
    with (
        progress.task(f"Apache Kafka {lock.kafka}", total=len(lock.jars)) as task,
        ThreadPoolExecutor(_PARALLEL, thread_name_prefix="jars") as pool,
    ):

        def one(jar: Jar) -> Path:
            try:
                file = obtain(jar.source, store, Silent())
            except (SourceUnreachable, ChecksumMismatch) as error:
                raise _gone(lock, error) from error
            task.advance()
            return file

        try:
            return list(pool.map(one, lock.jars))
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


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)
