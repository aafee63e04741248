"""Environments that stand already, of anybody's making: their clients come out as artifacts; nothing is changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge import platforms, scenarios
from kafka_forge.environments import wheels
from kafka_forge.errors import ProbeFailed
from kafka_forge.ground import processes
from kafka_forge.ground.files import sha256_of
from kafka_forge.values.model import Artifact, Cell, Environment, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PROGRAM = Path(scenarios.__file__).with_name("distributions.py")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A client that stands in an environment.

    Attributes:
        artifact: what it is; its file is its metadata's, its sha256 that of all its files, its size theirs.
        prefix: the environment's folder.
        python: the interpreter.
        files: relative to the prefix, sorted; those that are outside it are left out.
        requires: what its metadata ask for.
    """

    artifact: Artifact
    prefix: Path
    python: Path
    files: tuple[str, ...]
    requires: tuple[str, ...]

    @contextlib.contextmanager
    def environment(self) -> Iterator[Environment]:
        """Give the environment as it stands.

        Raises:
            InstallFailed: pip cannot list what is in it.
        """
        with tempfile.TemporaryDirectory(prefix="kafka-forge-standing-") as nothing:
            yield Environment(
                artifact=self.artifact,
                prefix=self.prefix,
                python=self.python,
                packages=wheels.installed(self.python),
                unpacked=Path(nothing),  # nothing was unpacked here
                files=self.files,
                requires=self.requires,
            )


def clients(prefix: Path, python: Path, names: Collection[str]) -> list[Standing]:
    """Return those of some clients that stand in an environment.

    Args:
        prefix: its folder.
        python: its interpreter.
        names: their names in the Python index, by PEP 503's rule.

    Raises:
        ProbeFailed: the interpreter does not run, or says nothing that can be understood.
    """
    command = [str(python), "-I", "-B", str(_PROGRAM), json.dumps(sorted(names))]
    done = processes.run(command, environment=wheels.plain_variables(), timeout=_SECONDS)
    try:
        answer = json.loads(done.output.decode().splitlines()[-1])
        return [_standing(each, answer["python"], prefix, python) for each in answer["found"]]
    except (ValueError, LookupError) as error:
        raise ProbeFailed(
            "the environment's Python does not tell what is installed in it",
            where=str(python),
            details=done.output.decode(errors="replace").splitlines()[-20:],
            todo="run it by hand; audits need CPython 3.11 or newer.",
        ) from error


def _standing(told: dict[str, Any], version: str, prefix: Path, python: Path) -> Standing:
    root = prefix.resolve()
    paths = [Path(each) for each in told["files"]]
    inside = [path for path in paths if path.resolve().is_relative_to(root)]
    files = tuple(sorted(path.resolve().relative_to(root).as_posix() for path in inside))
    metadata = Path(told["metadata"])
    cell = Cell(
        recipe=f"{prefix}:{told['name']}",
        platform=platforms.current(),
        python=version,
        name=told["name"],
        version=told["version"],
        build=f"by {told['installer']}" if told["installer"] else "system",
        noarch=False,
    )
    digest, size = _digest(root, files)
    known_as = wheels.CONDA_NAMES.get(cell.name, cell.name)
    artifact = Artifact(cell, metadata, digest, size, kind=Kind.SYSTEM, known_as=known_as)
    return Standing(artifact, root, python, files, tuple(told["requires"]))


def _digest(prefix: Path, files: tuple[str, ...]) -> tuple[str, int]:
    """Return the sha256 of all files with their names, as `sha256sum` would list them, and their bytes."""
    lines = [f"{sha256_of(prefix / file)}  {file}\n" for file in files]
    size = sum((prefix / file).stat().st_size for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest(), size
