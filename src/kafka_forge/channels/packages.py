"""Conda packages as files: a ``.conda`` or ``.tar.bz2`` comes in; what it says of itself, as an artifact, goes out.

Whoever built it: all is read from its own ``info/index.json``, whose keys are those of conda's package metadata
(https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html). Its name is not believed.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from kafka_forge.channels import channel
from kafka_forge.errors import ArchiveDamaged, PackageInvalid, said
from kafka_forge.ground import archives, jsons
from kafka_forge.ground.files import explain_os_errors, sha256_of
from kafka_forge.values import python_names
from kafka_forge.values.model import PLATFORMS, Artifact, Cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

SUFFIXES = (".conda", ".tar.bz2")
"""The formats of conda packages, the newer one first."""

_INDEX = "info/index.json"


def read(file: Path, platform: str) -> Artifact:
    """Return a package that somebody has built as an artifact; the cell's recipe is the package's name.

    Args:
        file: the package, by any name that ends as its format's.
        platform: the conda subdir to use it on; it counts only where the package serves every platform.

    Raises:
        PackageInvalid: it is no whole conda package, or one of a platform that is not known here.
        ArchiveRefused: it has what may not be unpacked.
    """
    index = index_of(file)
    try:
        subdir, name, version, build = (str(index[key]) for key in ("subdir", "name", "version", "build"))
    except KeyError as error:
        raise _invalid(file, f"its info/index.json has no {error}") from error
    if subdir not in (*PLATFORMS, "noarch"):
        raise _invalid(file, f"it is for {subdir}, which is not known here")
    noarch = subdir == "noarch"
    cell = Cell(
        recipe=name,
        platform=platform if noarch else subdir,
        python=None if noarch else python_of(index.get("depends", ()), build),
        name=name,
        version=version,
        build=build,
        noarch=noarch,
    )
    return Artifact(cell, file, sha256_of(file), file.stat().st_size)


def index_of(file: Path) -> JsonObject:
    """Return a package's ``info/index.json``.

    Raises:
        PackageInvalid: it is no whole conda package.
        ArchiveRefused: it has what may not be unpacked.
    """
    if not file.name.endswith(SUFFIXES):
        raise _invalid(file, f"its name ends with none of {', '.join(SUFFIXES)}")
    try:
        content = archives.read(file, _INDEX)
        index = None if content is None else jsons.parsed(content)
    except FileNotFoundError as error:
        raise _invalid(file, "there is no such file") from error
    except ArchiveDamaged as error:
        raise _invalid(file, error.what) from error
    except (OSError, ValueError) as error:
        raise _invalid(file, f"it cannot be read: {said(error)}") from error
    if index is None:
        raise _invalid(file, f"it has no {_INDEX}")
    return index if isinstance(index, dict) else {}


def python_of(depends: Sequence[str], build: str) -> str | None:
    """Return the Python that a package was built for, as a cell names it; None where it serves several or none.

    What it runs with counts: ``python_abi``, else bounds on ``python`` that leave one minor version. Then its build
    string, which conda-build and rattler-build begin with ``py312``.

    >>> python_of(["python", "python_abi 3.14.* *_cp314t"], "py314h1_0"), python_of(["python >=3.9"], "pyhd8_0")
    ('3.14t', None)
    >>> python_of(["python >=3.12,<3.13.0a0"], "h1_0"), python_of([], "py311h1_0"), python_of(["openssl"], "h1_0")
    ('3.12', '3.11', None)
    """
    for text in depends:
        name, _, wanted = text.partition(" ")
        if name == "python_abi" and (named := python_names.named(wanted)):
            return named
    for text in depends:
        if bounds := re.match(r"python >=3\.(\d+),<3\.(\d+)\.0a0", text):
            return f"3.{bounds[1]}" if int(bounds[2]) == int(bounds[1]) + 1 else None
    tagged = re.match(r"py3(\d{1,2})(?=h|_|$)", build)
    return f"3.{tagged[1]}" if tagged else None


def offer(artifact: Artifact, folder: Path) -> Artifact:
    """Put a copy of a package into a local channel, under its proper name, and return it as it stands there.

    py-rattler will unpack it from there, and has its own guards; this looks at all of its members before.

    Args:
        artifact: as `read` gives it; its file is left alone.
        folder: the channel; it is made where it is none yet.

    Raises:
        PackageInvalid: it is not whole.
        ArchiveRefused: it has what may not be unpacked.
        DiskFull, NotWritable: the file system refuses.
    """
    cell = artifact.cell
    try:
        archives.check(artifact.path)
    except ArchiveDamaged as error:
        raise _invalid(artifact.path, error.what) from error
    suffix = next(each for each in SUFFIXES if artifact.path.name.endswith(each))
    target = folder / cell.subdir / f"{cell.filename.removesuffix('.conda')}{suffix}"
    with explain_os_errors(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact.path, target)
    channel.index(folder, anew=target)
    return Artifact(cell, target, artifact.sha256, artifact.size)


def _invalid(file: Path, why: str) -> PackageInvalid:
    return PackageInvalid(
        f"{file.name} is no conda package that can be looked at: {why}",
        where=str(file),
        todo="name a whole .conda or .tar.bz2 file, fetched anew if need be.",
    )
