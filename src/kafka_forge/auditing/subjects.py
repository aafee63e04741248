"""What an audit is asked for, from its spelling on the command line to an artifact that can be examined.

A conda package by a match spec, found in channels by their order; a package file; a wheel, as ``pypi:`` and a
requirement of pip's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from kafka_forge import platforms, sources
from kafka_forge.channels import packages, solving
from kafka_forge.doctor import looking
from kafka_forge.environments import environment, wheels
from kafka_forge.environments.installers import AsItStands, ByPip, FromChannels
from kafka_forge.environments.standing import clients
from kafka_forge.errors import SolveFailed, UnknownPackage, UnsupportedMachine
from kafka_forge.ground.files import Store
from kafka_forge.sources import Source
from kafka_forge.values import python_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rattler import RepoDataRecord

    from kafka_forge.environments.installers import Installer
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Artifact

PYPI = "pypi:"
"""What a requirement of pip's begins with on the command line."""


@dataclass(frozen=True, slots=True)
class Request:
    """What all subjects of an audit share.

    Attributes:
        channels: URLs or folders that conda packages and their dependencies are taken from, in strict priority.
        base: the channel that has Pythons for virtual environments.
        platform: the conda subdir.
        python: ``X.Y``; for packages that serve every Python, and for wheels.
        cache: the cache.
        progress: who listens.
    """

    channels: tuple[str, ...]
    base: str
    platform: str
    python: str
    cache: Cache
    progress: Progress


@dataclass(frozen=True, slots=True)
class Subject:
    """An artifact that is audited, and how it comes into its environment."""

    artifact: Artifact
    installer: Installer


def can_be_tried(specs: Sequence[str], platform: str) -> None:
    """Tell before anything is made or fetched, a base say, which takes half an hour, what cannot be tried.

    Raises:
        UnsupportedMachine: one of the specs names a wheel, and the platform is another than this machine's: a wheel can
            only be tried on a machine of its own.
        PackageInvalid: a file that is named is not there, or is no whole conda package.
        ArchiveRefused, ArchiveDamaged: it may not be unpacked, or cannot.
    """
    if platform != platforms.current() and any(spec.startswith(PYPI) for spec in specs):
        raise UnsupportedMachine(
            f"a wheel for {platform} cannot be tried on {platforms.current()}",
            todo="run the audit on a machine of that platform.",
        )
    for spec in specs:
        if spec.endswith(packages.SUFFIXES) and not spec.startswith(PYPI):
            packages.read(Path(spec), platform)


def labels(specs: Sequence[str]) -> dict[str, str]:
    """Return each spec → what it is called: a file by its name, unless another one is called so, too.

    >>> labels(["a/x.conda", "pypi:y", "pypi:y"]), labels(["a/x.conda", "b/x.conda"])
    ({'a/x.conda': 'x.conda', 'pypi:y': 'pypi:y'}, {'a/x.conda': 'a/x.conda', 'b/x.conda': 'b/x.conda'})
    """
    short = {spec: Path(spec).name if spec.endswith(packages.SUFFIXES) else spec for spec in specs}
    return {spec: name if list(short.values()).count(name) == 1 else spec for spec, name in short.items()}


@contextlib.contextmanager
def obtained(spec: str, request: Request, label: str) -> Iterator[Subject]:
    """Obtain what a spec names; what was needed for that alone is gone when the block ends.

    Args:
        spec: ``pypi:REQUIREMENT``, a path that ends as a conda package, or a match spec.
        request: where from, and what for.
        label: what it is called in reports, see `labels`.

    Raises:
        UnknownPackage: the spec is none of these, or no channel has such a package.
        PackageInvalid: the file is no whole conda package.
        ArchiveRefused, ArchiveDamaged: a package or wheel may not be unpacked, or cannot.
        InstallFailed: pip cannot obtain the wheel, or no Python could be installed for it.
        SolveFailed, BaseUnreachable: as `solving.solve` does.
    """
    if spec.startswith(PYPI):
        with _wheel(spec.removeprefix(PYPI), request) as subject:
            yield subject
        return
    with tempfile.TemporaryDirectory(prefix="kafka-forge-audit-") as name:
        room = Path(name)
        file = Path(spec) if spec.endswith(packages.SUFFIXES) else _fetched(spec, request, room)
        offered = packages.offer(packages.read(file, request.platform), room / "channel")
        channels = ((room / "channel").as_uri(), *request.channels)
        yield Subject(_named(offered, label), FromChannels(channels, request.cache, request.progress))


def standing(prefix: Path, wanted: Sequence[str], known: Collection[str]) -> list[Subject]:
    """Return the clients that stand in an environment; nothing is installed into it.

    Args:
        prefix: the environment's folder.
        wanted: names, conda's or the Python index's; none of them takes all that are there.
        known: conda names of the clients that a contract is about.

    Raises:
        UnknownEnvironment: the folder has no Python.
        UnknownPackage: one that is wanted is not there, or none at all is.
    """
    python = looking.python_of(prefix, None)
    names = {conda: index for index, conda in wheels.CONDA_NAMES.items()}
    asked = {canonicalize_name(names.get(each, each)) for each in wanted or known}
    found = clients(prefix, python, asked)
    there = {each.artifact.cell.name for each in found}
    missing = sorted(asked - there) if wanted else []
    if missing or not found:
        raise UnknownPackage(
            f"{', '.join(missing) or 'no client that a contract is about'}: nothing of that name stands there",
            where=str(prefix),
            details=[f"found: {', '.join(sorted(there)) or 'none'}", f"contracts: {', '.join(sorted(known))}"],
            todo="name a client that is installed there, by its name in the Python index, or another environment.",
        )
    return [Subject(each.artifact, AsItStands(each)) for each in found]


def _named(artifact: Artifact, label: str) -> Artifact:
    """Return an artifact whose cell says what was asked for, so that two of one package can be told apart."""
    return dataclasses.replace(artifact, cell=dataclasses.replace(artifact.cell, recipe=label))


def _fetched(spec: str, request: Request, room: Path) -> Path:
    """Return the file of the package that a user of these channels gets who asks for this, and for this Python."""
    record = _found(spec, request)
    url = urlsplit(record.url)
    if url.scheme == "file":
        return Path(unquote(url.path))
    if record.sha256 is None:
        raise _unknown(spec, f"the channel tells no sha256 of {record.file_name}")
    source = Source(record.file_name, record.sha256.hex(), urls=(record.url,))
    stored = sources.obtain(source, Store(request.cache.store), request.progress)
    return shutil.copyfile(stored, room / record.file_name)


def _found(spec: str, request: Request) -> RepoDataRecord:
    import rattler
    from rattler.exceptions import InvalidMatchSpecError

    try:
        matcher = rattler.MatchSpec(spec).name
    except InvalidMatchSpecError as error:
        raise _unknown(spec, str(error)) from error
    wanted = matcher.as_package_name() if matcher is not None else None
    if wanted is None:
        raise _unknown(spec, "it names no one package")
    solved = functools.partial(solving.solve, channels=request.channels, platform=request.platform, what=spec)
    try:
        records = solved([spec, python_names.spec(request.python)])
    except SolveFailed:
        records = solved([spec])  # a library may stand in channels that have no Python
        if any(each.name.normalized == "python" for each in records):
            raise
    return next(each for each in records if each.name.normalized == wanted.normalized)


@contextlib.contextmanager
def _wheel(requirement: str, request: Request) -> Iterator[Subject]:
    with environment.room(request.cache.work / "environments", "python") as room:
        records = solving.solve(
            [python_names.spec(request.python)], [request.base], request.platform, what=f"Python {request.python}"
        )
        environment.link(records, request.platform, request.cache, room / "prefix", f"Python {request.python}")
        python = room / "prefix" / platforms.of(request.platform).python_executable()
        wheel = wheels.obtain(requirement, python, request.python, room / "wheels", request.progress)
        yield Subject(wheel, ByPip(python, request.cache, request.progress))


def _unknown(spec: str, why: str) -> UnknownPackage:
    return UnknownPackage(
        f"{spec!r} cannot be audited: {why}",
        todo="name a match spec (python-confluent-kafka=2.14), a .conda file, or pypi: and a requirement of pip's.",
    )
