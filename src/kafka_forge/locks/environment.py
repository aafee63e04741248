"""The lock of the project's own environment: ``requirements/EXTRA.txt``, exact versions with hashes for every Python.

uv resolves for all of them at once (its ``--universal``), and pip installs: what is locked is what a stranger gets in
a year, whatever ruff or mypy have come to demand by then. ``pyproject.toml`` keeps its ranges for who installs the
toolkit as a library.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from kafka_forge.errors import LockInvalid, SourceUnreachable
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.sources.python_index import pip_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kafka_forge.ground.progress import Progress

UV = "uv==0.13.9"
EXTRAS = ("toolkit", "test", "bench", "s3", "sigstore")
"""A lock for each extra of pyproject.toml, each with what the toolkit itself needs; ``toolkit`` is that alone."""
_OLDEST = "3.10"
_HEAD = "# Made by `kafka-forge locks environment`; not edited. All Pythons from 3.10 on, all platforms.\n"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ; (.+?))? \\$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of a lock: a project, its version, and where it holds."""

    name: str
    version: Version
    marker: Marker | None


def path_of(root: Path, extra: str) -> Path:
    """Return the lock of an extra."""
    return root / "requirements" / f"{extra}.txt"


def pins(path: Path) -> tuple[Pin, ...]:
    """Read a lock.

    Raises:
        LockInvalid: it is missing, or pins nothing.
    """
    todo = "take the file from version control again, or make it anew: kafka-forge locks environment"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LockInvalid(
            "a lock of the project's environment cannot be read", where=str(path), details=[str(error)], todo=todo
        ) from error
    found = tuple(
        Pin(canonicalize_name(name), Version(version), Marker(marker) if marker else None)
        for name, version, marker in _PIN.findall(text)
    )
    if not found:
        raise LockInvalid("a lock of the project's environment pins nothing", where=str(path), todo=todo)
    return found


def unmet(required: Sequence[str], locked: Sequence[Pin], machine: Mapping[str, str]) -> list[str]:
    """Return those of the requirements that a lock has no fitting version of.

    Args:
        required: PEP 508, as in pyproject.toml.
        locked: as `pins` returns them.
        machine: the marker variables of a Python on a platform (PEP 508), such as ``python_version``.
    """
    versions = {pin.name: pin.version for pin in locked if pin.marker is None or pin.marker.evaluate(dict(machine))}
    return [text for text in required if not _met(Requirement(text), versions, machine)]


def _met(requirement: Requirement, versions: Mapping[str, Version], machine: Mapping[str, str]) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate(dict(machine)):
        return True
    version = versions.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def renew(root: Path, progress: Progress, *, keep: bool = False) -> tuple[Path, ...]:
    """Lock the newest versions that pyproject.toml's ranges allow; return the locks that changed.

    All extras are resolved together first, so that a project has one version in all locks.

    Args:
        root: the checkout.
        progress: who listens.
        keep: whether a version that is locked stays where the ranges allow it, so that only what is new is chosen.

    Raises:
        SourceUnreachable: the Python index does not answer, or has no versions that go together.
    """
    with tempfile.TemporaryDirectory(prefix="kafka-forge-locks-") as name:
        room = Path(name)
        with progress.task(f"obtaining {UV}"):
            _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(room / "uv"), UV], root)
        together = room / "together.txt"
        if keep:
            _seed(root, room, together)
        with progress.task("resolving"):
            _compile(room, root, [extra for extra in EXTRAS if extra != "toolkit"], together)
            for extra in EXTRAS:
                chosen = [] if extra == "toolkit" else [extra]
                _compile(room, root, chosen, room / f"{extra}.txt", "--constraints", str(together))
        return tuple(_written(root, room))


def _seed(root: Path, room: Path, together: Path) -> None:
    """Lay the locks where uv writes: without ``--upgrade`` it prefers the pins of a file that it is to replace."""
    found = {extra: path_of(root, extra) for extra in EXTRAS if path_of(root, extra).is_file()}
    for extra, path in found.items():
        shutil.copyfile(path, room / f"{extra}.txt")
    pinned: dict[tuple[str, str], Pin] = {
        (pin.name, str(pin.marker)): pin for path in found.values() for pin in pins(path)
    }
    lines = [f"{pin.name}=={pin.version}" + (f" ; {pin.marker}" if pin.marker else "") for pin in pinned.values()]
    together.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _written(root: Path, room: Path) -> Iterator[Path]:
    for extra in EXTRAS:
        target, text = path_of(root, extra), _HEAD + (room / f"{extra}.txt").read_text(encoding="utf-8")
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            write_text_atomic(target, text)
            yield target


def _compile(room: Path, root: Path, extras: Sequence[str], target: Path, *options: str) -> None:
    # uv does not read pip's settings
    index, *others = pip_settings().indexes
    indexes = ["--default-index", index, *(word for each in others for word in ("--index", each))]
    chosen = [word for extra in extras for word in ("--extra", extra)]
    uv = room / "uv" / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", _OLDEST, "--generate-hashes"]
    command += ["--no-header", "--no-annotate", *indexes, *chosen, *options, "--output-file", str(target)]
    _run([*command, "pyproject.toml", "requirements/build.in"], root)


def _run(command: Sequence[str], root: Path) -> None:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceUnreachable(
            "the project's environment could not be resolved",
            where=str(root / "pyproject.toml"),
            details=(done.stderr or done.stdout).splitlines()[-15:],
            todo="loosen what does not go together in pyproject.toml, or run again where the Python index answers.",
        )
