"""The locks of everything that the base channel's Python side is made from, with every sha256.

They are data under ``bootstrap/python/``, written by ``python -m kafka_forge.bases.relock`` and read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from kafka_forge.errors import LockInvalid
from kafka_forge.sources import DebianBinary, DebianSource, Maven, PythonIndex, Source
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from pathlib import Path

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Jar(Model):
    """One platform's file of one interpreter."""

    classifier: str
    """Maven's, for example ``linux-x86_64``."""
    sha256: Sha256


class Deb(Model):
    """One architecture's binary package."""

    at: DebianBinary
    sha256: Sha256

    def source(self) -> Source:
        """Return where it is to be had."""
        return Source(self.at.file, self.sha256, providers=(self.at,))


class DebianPython(Model):
    """One platform's interpreter out of Debian's packages, where there is no jar that serves."""

    version: str
    """CPython's, for example ``3.11.2``."""
    debs: tuple[Deb, ...]
    """The packages of the interpreter, its library, its headers."""
    libraries: dict[str, Deb]
    """Soname → the package that has it, of libraries that come along in the Python package."""
    elsewhere: dict[str, str]
    """Soname → pin, of libraries that the base channel builds from source, beside those that all Pythons load."""
    upstream: DebianSource | None = None
    """CPython's source, for the modules that Debian changed to suit its own layout; None where it is not to be had."""
    upstream_sha256: Sha256 | None = None
    without: tuple[str, ...] = ()
    """Extension modules that are left out, as they need a newer glibc than the rest."""

    def upstream_source(self) -> Source | None:
        """Return where CPython's source is to be had."""
        if self.upstream is None or self.upstream_sha256 is None:
            return None
        return Source(self.upstream.file, self.upstream_sha256, providers=(self.upstream,))


class Interpreter(Model):
    """One CPython, as ``org.bytedeco:cpython`` has it, and Debian for some platforms."""

    release: str
    """Maven's version: CPython's, a dash, and that of the presets, for example ``3.12.1-1.5.10``; CPython's alone where
    there are no jars."""
    jars: dict[str, Jar]
    """Conda subdir → file."""
    debian: dict[str, DebianPython] = Field(default_factory=dict)
    """Conda subdir → what stands for a jar there."""

    @property
    def python(self) -> str:
        """The minor version, for example ``3.12``."""
        return ".".join(self.release.split(".")[:2])

    @property
    def platforms(self) -> frozenset[str]:
        """The conda subdirs that it is for."""
        return frozenset((*self.jars, *self.debian))

    def version(self, platform: str) -> str:
        """Return CPython's version on a platform, for example ``3.12.1``."""
        return self.debian[platform].version if platform in self.debian else self.release.partition("-")[0]

    def inputs(self, platform: str) -> object:
        """Return as JSON what decides the interpreter's files on a platform."""
        if platform in self.debian:
            return self.debian[platform].model_dump(mode="json")
        return self.jars[platform].sha256

    def source(self, platform: str) -> Source:
        """Return where the platform's jar is to be had."""
        jar = self.jars[platform]
        maven = Maven(group="org.bytedeco", artifact="cpython", version=self.release, classifier=jar.classifier)
        return Source(maven.file, jar.sha256, providers=(maven,))


class Interpreters(Model):
    """``bootstrap/python/interpreters.json``."""

    interpreters: tuple[Interpreter, ...]
    """One for each minor version."""
    absent: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Conda subdir → Python → why the embedded base cannot have it there."""
    modules_source: DebianSource
    """CPython's source, for the modules that some jars lack."""
    modules_source_sha256: Sha256


class Library(Model):
    """One conda package of shared libraries that the interpreters load, out of Debian's binary packages."""

    name: str
    """The conda-forge package that has these sonames."""
    version: str
    pin: str
    """What a package that loads it asks for, for example ``bzip2 >=1.0.8,<2.0a0``."""
    sonames: tuple[str, ...]
    license: str
    summary: str
    home: str
    depends: tuple[str, ...] = ()
    debs: dict[str, tuple[Deb, ...]]
    """Conda subdir → packages."""
    headers: dict[str, Deb] = Field(default_factory=dict)
    """Conda subdir → the development package, where a module of the standard library is built against it."""

    def on(self, platform: str) -> dict[str, Any]:
        """Return as JSON all that decides the package of one platform."""
        shared = self.model_dump(mode="json", exclude={"debs", "headers"})
        headers = self.headers.get(platform)
        debs = [deb.model_dump(mode="json") for deb in self.debs[platform]]
        return {**shared, "debs": debs, "headers": headers.model_dump(mode="json") if headers else None}


class Libraries(Model):
    """``bootstrap/python/libraries.json``."""

    libraries: tuple[Library, ...]
    elsewhere: dict[str, str]
    """Soname → pin, of libraries that the base channel builds from source."""

    def pins(self) -> dict[str, str]:
        """Return soname → match spec for all."""
        return {soname: library.pin for library in self.libraries for soname in library.sonames} | self.elsewhere


class Wheel(Model):
    """One file of the Python index."""

    project: str
    """The index's name of the project."""
    package: str
    """conda-forge's name of the same."""
    version: str
    file: str
    sha256: Sha256
    pythons: tuple[str, ...] = ()
    """The Pythons that it serves; empty for a pure wheel, which serves all of `Wheels.pythons`."""

    def source(self) -> Source:
        """Return where it is to be had."""
        return Source(self.file, self.sha256, providers=(PythonIndex(project=self.project, file=self.file),))


class Sdist(Model):
    """One source archive of the Python index, of a project that has no wheel for a platform."""

    project: str
    package: str
    version: str
    file: str
    sha256: Sha256
    license: str
    root: str = "."
    """The folder in the archive that stands for site-packages."""
    top: str
    """The folder below it that is the project."""
    include: tuple[str, ...] = ()
    """Folders of headers in the archive."""
    modules: dict[str, tuple[str, ...]]
    """Extension module → its C sources in the archive."""
    pythons: tuple[str, ...] = ()
    """The Pythons that it is compiled for; empty for all."""

    def serves(self, python: str) -> bool:
        """Tell whether it is compiled for a Python."""
        return not self.pythons or python in self.pythons

    def source(self) -> Source:
        """Return where it is to be had."""
        return Source(self.file, self.sha256, providers=(PythonIndex(project=self.project, file=self.file),))


class Wheels(Model):
    """``bootstrap/python/wheels.json``."""

    pythons: tuple[str, ...]
    """The Pythons that the lock was made for."""
    pure: tuple[Wheel, ...]
    binary: dict[str, tuple[Wheel, ...]]
    """Conda subdir → wheels with extension modules."""
    sdists: dict[str, tuple[Sdist, ...]] = Field(default_factory=dict)
    """Conda subdir → what is compiled for it, as it has no wheel there."""

    def conda_names(self) -> dict[str, str]:
        """Return the index's name → conda-forge's, for all."""
        wheels = [*self.pure, *(wheel for wheels in self.binary.values() for wheel in wheels)]
        return {wheel.project: wheel.package for wheel in wheels}


class Group(Wheels):
    """Wheels that a few recipes need and no other: they are no part of the base until one of these is built."""

    recipes: tuple[str, ...]
    """The recipes that ask for them."""


class Beside(Model):
    """``bootstrap/python/beside.json``."""

    groups: dict[str, Group]
    """In order: what an earlier one has, or `Wheels`, a later one does not have again."""

    def named(self, group: str, wheels: Wheels) -> Wheels:
        """Return a group for `kafka_forge.bases.wheels.make`: with the names of all that its wheels may ask for."""
        below = [wheels]
        for name, each in self.groups.items():
            below.append(each)
            if name == group:
                break
        pure = tuple(wheel for each in below for wheel in each.pure)
        binary = tuple(wheel for each in below for wheels_there in each.binary.values() for wheel in wheels_there)
        return Wheels(pythons=self.groups[group].pythons, pure=pure, binary={"": binary})


class VcRuntime(Model):
    """``bootstrap/python/vcruntime.json``."""

    wheel: Wheel
    """The wheel that has Microsoft's C and C++ runtime for Windows."""


AnyLock = TypeVar("AnyLock", bound=Model)


def load(kind: type[AnyLock], root: Path) -> AnyLock:
    """Read one of the locks.

    Args:
        kind: `Interpreters`, `Libraries`, `Wheels`, `Beside` or `VcRuntime`.
        root: the checkout.

    Raises:
        LockInvalid: the file is missing, is no JSON, or breaks the schema.
    """
    path = root / "bootstrap" / "python" / f"{kind.__name__.lower()}.json"
    todo = "take the file from version control again, or make it anew: python -m kafka_forge.bases.relock"
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LockInvalid("the lock cannot be read", where=str(path), details=[str(error)], todo=todo) from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()]
        raise LockInvalid("the lock breaks its schema", where=str(path), details=lines, todo=todo) from error
