"""pip's view of an environment: ``pip check``, by the toolkit's pip on the environment's own Python."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.environments.activation import variables
from kafka_forge.errors import ProbeFailed
from kafka_forge.ground import processes
from kafka_forge.ground.files import atomic_path, explain_os_errors, link_or_copy
from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

_SECONDS = 120.0


def check(environment: Environment, how: Runner) -> JsonObject:
    """Let the toolkit's pip look at the environment, which itself need not have one (pip's ``__pip-runner__.py``).

    Args:
        environment: one that has a Python.
        how: runs it.

    Returns:
        ``ok``, and ``lines``: what pip said.

    Raises:
        ProbeFailed: the toolkit's own Python has no pip.
        DiskFull, NotWritable: the file system refuses.
    """
    runner = _compiled(environment, how, _own()) / "__pip-runner__.py"
    arguments = ["-I", "-B", how.path(runner), "check", "--disable-pip-version-check", "--no-color"]
    done = _run(environment, how, arguments)
    return {"ok": done.returncode == 0, "lines": done.output.decode(errors="replace").splitlines()}


def _own() -> Path:
    found = importlib.util.find_spec("pip")
    if found is None or found.origin is None:
        raise ProbeFailed(
            "the toolkit's own Python has no pip", where=sys.prefix, todo="install pip there, or remove its folder."
        )
    return Path(found.origin).parent


def _compiled(environment: Environment, how: Runner, own: Path) -> Path:
    """Return pip's folder as the cache has it, compiled for a release of Python; the first to ask compiles it.

    pip is compiled for the toolkit's Python alone, and nothing is written where an environment's Python runs: so each
    run of another one compiled some hundred modules, which under qemu takes seconds. An environment whose Python is not
    known runs the toolkit's pip where it stands.
    """
    python = next((each for each in environment.packages if each.name == "python"), None)
    if python is None:
        return own
    place = Cache.default().packages / "pip" / f"{version('pip')}-cpython-{python.version}"
    if place.is_dir():
        return place / "pip"
    with explain_os_errors(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        # one of two that begin at once would take the folder away from the other, whose pip runs in it
        lock = FileLock(place.parent / ".lock")
    with lock:
        if place.is_dir():
            return place / "pip"
        with atomic_path(place) as draft:
            shutil.copytree(
                own, draft / "pip", copy_function=link_or_copy, ignore=shutil.ignore_patterns("__pycache__")
            )
            options = ["-qq", "--invalidation-mode", "unchecked-hash", how.path(draft / "pip")]
            # what it does not come to is compiled when it runs
            _run(environment, how, ["-I", "-m", "compileall", *options])
    return place / "pip"


def _run(environment: Environment, how: Runner, arguments: list[str]) -> processes.Finished:
    assert environment.python is not None  # whoever asks has seen to it
    command = how.command([environment.python, *arguments])
    return processes.run(command, environment=variables(environment), timeout=_SECONDS * how.slowness)
