"""Wheels of the Python index: obtained by pip, and installed by pip into virtual environments that hold nothing else.

As a user would: the index, and all else that pip has to know, is what the machine's own configuration says.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from kafka_forge import platforms
from kafka_forge.environments.environment import room
from kafka_forge.errors import InstallFailed, UnknownPackage
from kafka_forge.ground import archives, processes
from kafka_forge.ground.files import sha256_of
from kafka_forge.values.model import Artifact, Cell, Environment, InstalledPackage, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract

PIP = (sys.executable, "-m", "pip", "--python")
"""The toolkit's pip, which works for another interpreter: the environments themselves need none."""
_PLAIN = ("--disable-pip-version-check", "--no-input")
_QUIET = ("--quiet", *_PLAIN)
_SECONDS = 600.0
_LINES = 20


def obtain(requirement: str, python: Path, version: str, folder: Path, progress: Progress) -> Artifact:
    """Let pip obtain a wheel, or build one where the index has only an sdist.

    Args:
        requirement: as pip takes it, for example ``confluent-kafka==2.14.2``.
        python: the interpreter that it is for.
        version: that Python's, ``X.Y``.
        folder: where the wheel goes; it is made.
        progress: told what is being done.

    Returns:
        The wheel. Its cell's ``recipe`` is ``pypi:`` and the requirement, its ``build`` the wheel's tags.

    Raises:
        UnknownPackage: that is no requirement.
        InstallFailed: pip cannot obtain or build it.
    """
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement as error:
        raise UnknownPackage(
            f"pypi:{requirement} names no package of the Python index",
            details=str(error).splitlines(),
            todo="write it as pip takes it, for example pypi:confluent-kafka==2.14.2.",
        ) from error
    with progress.task(f"obtain {requirement} by pip"):
        command = [*PIP, str(python), "wheel", *_QUIET, "--no-deps", "-w", str(folder), requirement]
        _run(command, f"obtain {requirement}")
    wheel = next(iter(folder.glob("*.whl")))
    name, found, _, tags = parse_wheel_filename(wheel.name)
    cell = Cell(
        recipe=f"pypi:{requirement}",
        platform=platforms.current(),
        python=version,
        name=wanted.name,
        version=str(found),
        build=min(map(str, tags)),
        noarch=False,
    )
    known_as = CONDA_NAMES.get(canonicalize_name(name), canonicalize_name(name))
    return Artifact(cell, wheel, sha256_of(wheel), wheel.stat().st_size, kind=Kind.WHEEL, known_as=known_as)


CONDA_NAMES = {"confluent-kafka": "python-confluent-kafka"}
"""Names of the Python index → conda-forge's, where they are not the same."""


@contextlib.contextmanager
def fresh(
    artifact: Artifact, contract: Contract, *, python: Path, cache: Cache, progress: Progress
) -> Iterator[Environment]:
    """Install a wheel, its dependencies and the contract's extras into a virtual environment that is gone afterwards.

    Args:
        artifact: as `obtain` returns it.
        contract: its ``environment.extras`` are names of the Python index, too.
        python: the interpreter that the virtual environment is made of.
        cache: holds the temporary folder.
        progress: told what is being done.

    Raises:
        InstallFailed: pip, or ``venv``, refuses.
        ArchiveRefused, ArchiveDamaged: the wheel may not be unpacked, or cannot.
    """
    with room(cache.work / "environments", artifact.cell.name) as own, progress.task(f"install {artifact.path.name}"):
        prefix = own / "prefix"
        _run([str(python), "-I", "-m", "venv", "--without-pip", str(prefix)], "make a virtual environment")
        interpreter = prefix / "bin" / "python"
        archives.unpack(artifact.path, own / "unpacked")  # before pip does
        # compiled files would be in RECORD, and are nothing that the wheel brings
        wanted = [str(artifact.path), *contract.environment.extras]
        _run([*PIP, str(interpreter), "install", *_QUIET, "--no-compile", *wanted], f"install {artifact.path.name}")
        yield Environment(
            artifact=artifact,
            prefix=prefix,
            python=interpreter,
            packages=installed(interpreter),
            extras=contract.environment.extras,
            unpacked=own / "unpacked",
        )


def installed(interpreter: Path) -> tuple[InstalledPackage, ...]:
    """Return what pip says is installed; a wheel has no build string, and pip does not tell the index."""
    said = _run([*PIP, str(interpreter), "list", "--format", "json", *_PLAIN], "list the environment")
    (listed,) = (line for line in said.splitlines() if line.startswith("["))
    return tuple(InstalledPackage(each["name"], each["version"], "", "") for each in json.loads(listed))


def _run(command: Sequence[str], what: str) -> str:
    """Run a command; return what it wrote."""
    done = processes.run(command, environment=plain_variables(), timeout=_SECONDS)
    said = done.output.decode(errors="replace")
    if done.returncode:
        raise InstallFailed(
            f"pip cannot {what}",
            details=said.splitlines()[-_LINES:],
            todo="see pip's message; check the requirement, the network and pip's settings.",
        )
    return said


def plain_variables() -> dict[str, str]:
    """Return our environment variables without those that would show pip our own packages.

    pip runs itself on the environment's Python, whose standard library may be somebody's: nothing is compiled there.
    (What pip installs, it compiles nevertheless.)
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}
