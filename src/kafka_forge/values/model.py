"""The plain, frozen values that one stage hands to the next.

recipe → Cell → Artifact → Environment → Evidence → CheckResult → report. No stage reaches back.
"""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.values.runner import NATIVE, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

PLATFORMS = ("linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64")
"""The conda subdirs that this project builds for."""

BASE_HAS_PYTHON = "base-has-python"
"""The check that refuses a cell whose Python the base cannot have; its summary is the reason."""

JsonObject = dict[str, Any]
"""What ``json.loads`` gives for an object: evidence travels between processes in this form."""


class Verdict(str, enum.Enum):
    """What a check concludes from its evidence."""

    PASS = "pass"
    FAIL = "fail"
    REFUSED = "refused"
    """The client cannot do this, the contract names why, and the evidence shows that very reason."""
    INSPECTED = "inspected"
    """Looked at in full, but not run: this machine cannot run the platform."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Cell:
    """One recipe × platform × Python: one artifact to be.

    Attributes:
        recipe: the folder's name under ``recipes/``; of what is audited, what was asked for.
        platform: the conda subdir it is built for (for noarch: the one it is built on).
        python: ``"3.12"``, ``"3.14t"`` where it is free-threaded, or None where the artifact serves every Python.
        name: the conda package's name.
        version: the conda package's version.
        build: the build string as rendered on the chosen base, for example ``py312h1a2b3c4_0``.
        noarch: whether the artifact goes to the ``noarch`` subdir.
        after: names of the recipes here that must be built before this one.
    """

    recipe: str
    platform: str
    python: str | None
    name: str
    version: str
    build: str
    noarch: bool
    after: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The cell in one word, for example ``pykafka/linux-64/3.12``."""
        return f"{self.recipe}/{self.platform}/{self.python or 'any'}"

    @property
    def subdir(self) -> str:
        """The channel subdir that the artifact goes to."""
        return "noarch" if self.noarch else self.platform

    @property
    def filename(self) -> str:
        """The artifact's file name."""
        return f"{self.name}-{self.version}-{self.build}.conda"


class Kind(str, enum.Enum):
    """What an artifact is packed as; contracts' conditions use these words."""

    CONDA = "conda"
    WHEEL = "wheel"
    SYSTEM = "system"
    """Something that stands in an environment already, whoever put it there."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What decides an artifact's bytes, as far as it is named, and the key over all of it.

    Attributes:
        key: 64 hexadecimal digits; the same key means the same bytes.
        recipe: the sha256 over the recipe's folder, patches and all.
        sources: URL and sha256 of each archive.
        base: the fingerprint of the base.
        engine: its name and version.
        variant: the variant's keys that the recipe used.
        built_on: the keys of the artifacts here that it is built on.
    """

    key: str
    recipe: str
    sources: tuple[tuple[str, str], ...]
    base: str
    engine: str
    variant: Mapping[str, str]
    built_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One built file: a conda package, or a wheel of somebody's.

    Attributes:
        cell: what it was built for.
        path: the file.
        sha256: of the file, 64 hexadecimal digits.
        size: of the file in bytes.
        reused: whether it was there already and nothing had changed.
        seconds: how long its build took; 0.0 where it was reused.
        kind: what it is packed as.
        known_as: the conda name of the client that it is, where it goes by another one.
        made_of: what decides its bytes, where it was built in this run or reused by its key.
    """

    cell: Cell
    path: Path
    sha256: str
    size: int
    reused: bool = False
    seconds: float = 0.0
    kind: Kind = Kind.CONDA
    known_as: str = ""
    made_of: MadeOf | None = None

    @property
    def client(self) -> str:
        """The conda name of the client that it is, by which contracts and scenarios are found."""
        return self.known_as or self.cell.name


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One package of an environment, as its conda-meta record says it."""

    name: str
    version: str
    build: str
    channel: str


@dataclass(frozen=True, slots=True)
class Environment:
    """A fresh prefix in which only an artifact, its dependencies and the named extras stand.

    Attributes:
        artifact: what it was made for.
        prefix: its folder.
        python: the interpreter inside the prefix; None where the artifact needs no Python.
        packages: everything installed, sorted by name.
        extras: specs installed beside the artifact because its contract asks for them.
        channels: URLs that it was solved from, the first first.
        runner: how its programs are run on this machine; None where they cannot be.
        helper: a Python of the platform in another prefix, for an artifact that brings none and is emulated.
        unpacked: the artifact as it was unpacked, where the prefix's own records do not name that folder.
        files: the artifact's, relative to the prefix, and
        requires: what it asks for, where it stands there already (`Kind.SYSTEM`).
    """

    artifact: Artifact
    prefix: Path
    python: Path | None
    packages: tuple[InstalledPackage, ...]
    extras: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    runner: Runner | None = NATIVE
    helper: Path | None = None
    unpacked: Path | None = None
    files: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @property
    def interpreter(self) -> Path:
        """The Python that looks at the artifact: its own, else the helper, else the toolkit's."""
        return self.python or self.helper or Path(sys.executable)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check concludes about one artifact.

    Attributes:
        id: the check's id, with the case in brackets where it judges several: ``roundtrip[rdkafka/gzip]``.
        verdict: the conclusion.
        summary: one line for the table.
        evidence: what was seen, as JSON.
        seconds: what it took to gather the evidence and judge it; where one look serves several checks, an equal
            share of it.
        broker: the broker that the messages passed through, as ``--broker`` names it; None where none took part. One
            check has the same id on every broker: so a refusal names it once.
        because: the id of the failure that explains this one (`examining.causes`); None where it stands on its own.
    """

    id: str
    verdict: Verdict
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    broker: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """Where compilers, Python and C libraries come from.

    Attributes:
        name: ``embedded``, ``conda-forge`` or the URL that was given.
        channel: the channel's URL (``file://`` for the embedded one).
        variants: variant files laid over ``recipes/variants.yaml``, in order.
        reason: why this base was taken, one sentence that every run prints.
        fingerprint: changes when the base's content changes; empty where the base moves under us (a remote
            channel), whose artifacts are rebuilt only when something of ours changes.
        fingerprint_noarch: the same for artifacts that serve all platforms, which are built on this machine's.
        gone: Python → why the base could not get it any more; cells of these are refused.
        rolled: in words, what stands for locked files that the mirrors have forgotten, see `sources.rolling`.
    """

    name: str
    channel: str
    variants: tuple[Path, ...]
    reason: str
    fingerprint: str = ""
    fingerprint_noarch: str = ""
    gone: Mapping[str, str] = field(default_factory=dict)
    rolled: tuple[str, ...] = ()
