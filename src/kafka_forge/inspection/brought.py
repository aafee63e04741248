"""What an artifact has brought into a prefix, by the prefix's own records: conda's, or a Python distribution's."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename

from kafka_forge.errors import InstallFailed
from kafka_forge.values.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import Distribution

    from kafka_forge.values.model import Artifact, Environment, JsonObject

_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_")
_OLD_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""PEP 513, 571 and 599: the glibc that each of the older tags stands for."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What an artifact has brought.

    Attributes:
        files: relative to the prefix, sorted.
        folder: the artifact as it was unpacked.
        depends: what it says that it needs at run time. A wheel's tag is its word about glibc (PEP 600): it stands here
            as conda would write it.
        variant: see `InspectEvidence.variant`.
        programs: those of the files that no package has: the installer makes them for a noarch package's entry points,
            on Windows out of a launcher of its own.
    """

    files: tuple[str, ...]
    folder: Path
    depends: tuple[str, ...]
    variant: Mapping[str, str] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()


def of(environment: Environment) -> Brought:
    """Return what an environment's artifact has brought.

    Raises:
        InstallFailed: the environment's record of it is missing.
    """
    if environment.artifact.kind is Kind.SYSTEM:
        return Brought(environment.files, environment.unpacked or environment.prefix, environment.requires)
    return _of_wheel(environment) if environment.artifact.kind is Kind.WHEEL else _of_package(environment)


def _of_package(environment: Environment) -> Brought:
    record = _record(environment)
    folder = Path(record["extracted_package_dir"])
    files, depends = tuple(sorted(record["files"])), tuple(record.get("depends", ()))
    listed = record.get("paths_data", {}).get("paths", ())
    programs = {each["_path"] for each in listed if "entry_point" in str(each.get("path_type"))}
    return Brought(files, folder, depends, variant_of(folder), frozenset(programs))


def _record(environment: Environment) -> JsonObject:
    cell = environment.artifact.cell
    path = environment.prefix / "conda-meta" / f"{cell.name}-{cell.version}-{cell.build}.json"
    try:
        record: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unrecorded(path) from error
    return record


def variant_of(package: Path) -> dict[str, str]:
    """Return what a package was built with, by its ``info/hash_input.json``; nothing where it has none that is one."""
    try:
        data = json.loads((package / "info" / "hash_input.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}


def _of_wheel(environment: Environment) -> Brought:
    artifact, prefix = environment.artifact, environment.prefix
    found = _distribution(prefix, artifact.cell.name)
    if found is None or found.files is None or environment.unpacked is None:
        raise _unrecorded(prefix)
    site = Path(str(found.locate_file(""))).relative_to(prefix).as_posix()
    files = {posixpath.normpath(posixpath.join(site, file.as_posix())) for file in found.files}
    return Brought(tuple(sorted(files)), environment.unpacked, (*_glibc(artifact), *(found.requires or ())))


def _distribution(prefix: Path, name: str) -> Distribution | None:
    for folder in sorted(prefix.glob("lib*/python3*/site-packages/*.dist-info")):
        if canonicalize_name(folder.name.partition("-")[0]) == canonicalize_name(name):
            return PathDistribution(folder)
    return None


def _glibc(artifact: Artifact) -> tuple[str, ...]:
    """Return the oldest glibc that a wheel's tags allow, as conda would write it; nothing where it names none."""
    floors = []
    for tag in parse_wheel_filename(artifact.path.name)[3]:
        if named := _MANYLINUX.match(tag.platform):
            floors.append((int(named[1]), int(named[2])))
        floors += [floor for word, floor in _OLD_MANYLINUX.items() if tag.platform.startswith(f"{word}_")]
    return (f"__glibc >={min(floors)[0]}.{min(floors)[1]}",) if floors else ()


def _unrecorded(where: Path) -> InstallFailed:
    return InstallFailed("the environment has no record of the artifact", where=str(where), todo="install it anew.")
