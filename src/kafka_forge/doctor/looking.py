"""A Python comes in; what it has of Kafka goes out (`seen.Seen`). The programs of ``inside/`` run there, once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import scenarios
from kafka_forge.doctor import inside
from kafka_forge.doctor.clients import CLIENTS
from kafka_forge.errors import ProbeFailed, UnknownEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.doctor.seen import Seen

_IMPORT_SECONDS = 30.0
_SECONDS = 120.0
_PLACES = ("bin/python", "bin/python3", "python.exe", "Scripts/python.exe")
_NUMBERED = re.compile(r"python3\.\d+t?|pypy3(\.\d+)?")
"""A system's interpreters need not have one of those names (Debian: python3.11-minimal alone; PyPy's own archive)."""


def python_of(prefix: Path | None, python: str | None) -> Path:
    """Return the interpreter that was asked for: of a prefix, by path or name; the first on PATH without either.

    The path is absolute, since the programs run in a folder of their own; no link is followed, since a venv's is one.

    Raises:
        UnknownEnvironment: there is none.
    """
    if prefix is not None:
        return _in_prefix(Path(os.path.abspath(prefix)))  # noqa: PTH100
    found = shutil.which("python3") or shutil.which("python") if python is None else shutil.which(python)
    if found is None:
        raise _no_python(python or "python3")
    return Path(os.path.abspath(found))  # noqa: PTH100


def _in_prefix(prefix: Path) -> Path:
    named = [prefix / place for place in _PLACES]
    programs = prefix / "bin"
    if programs.is_dir():
        named += sorted(path for path in programs.iterdir() if _NUMBERED.fullmatch(path.name))
    for path in named:
        if path.is_file():
            return path
    dead = [path for path in named if path.is_symlink()]
    if dead:
        raise UnknownEnvironment(
            "the Python of this environment is a link to a file that is not there",
            where=str(prefix),
            details=[f"{path} -> {os.readlink(path)}" for path in dead],  # noqa: PTH115
            todo="the Python that it was made of has been removed or moved: make the environment anew.",
        )
    raise UnknownEnvironment(
        "this folder has no Python" if prefix.is_dir() else "there is no such folder",
        where=str(prefix),
        details=[f"looked for {place}" for place in (*_PLACES, "bin/python3.*")],
        todo="name the folder of a conda environment or a venv, or a Python by --python.",
    )


def _no_python(python: str) -> UnknownEnvironment:
    path = Path(python)
    if path.is_dir():
        return UnknownEnvironment(
            "this is a folder, and no Python", where=python, todo=f"for the environment in it: --prefix {python}"
        )
    what = f"there is no Python {python}"
    if path.is_symlink() and not path.exists():
        what = f"this is a link to a file that is not there: {os.readlink(path)}"  # noqa: PTH115
    elif path.exists():
        what = "this file cannot be run"
    return UnknownEnvironment(
        what,
        where=python,
        todo="name the interpreter of the environment: --python /path/to/bin/python, or its folder by --prefix.",
    )


def variables_of(python: Path) -> dict[str, str]:
    """Return the environment's variables: the user's own, with the environment's programs first on PATH.

    What the user has set (PYTHONPATH, LD_LIBRARY_PATH, SSL_CERT_FILE …) is handed on: it is part of what misbehaves.
    """
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    folder = str(python.parent)
    if folder not in variables.get("PATH", "").split(os.pathsep):
        variables["PATH"] = os.pathsep.join([folder, variables.get("PATH", os.defpath)])
    return variables


def look(python: Path, settings: Mapping[str, str]) -> Seen:
    """Look at the environment of an interpreter.

    Args:
        python: the interpreter.
        settings: librdkafka's, which its clients are asked to accept; without a broker.

    Raises:
        UnknownEnvironment: that is no Python from 3.7 on.
        ProbeFailed: the program gave no answer.
    """
    request = {
        "clients": [client.as_request() for client in CLIENTS],
        "probe": str(Path(scenarios.__file__).with_name("probe.py")),
        "settings": {key: value for key, value in settings.items() if key != "bootstrap.servers"},
        "seconds": _IMPORT_SECONDS,
    }
    script = Path(inside.__file__).with_name("look.py")
    with tempfile.TemporaryDirectory(prefix="kafka-forge-doctor-") as empty:
        try:
            with subprocess.Popen(
                [python, "-B", script],
                cwd=empty,  # what lies in the user's folder must not be imported in a client's place
                env=variables_of(python),
                stdin=subprocess.PIPE,  # not an argument: settings hold passwords, and all users see a command
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as child:
                done = _heard(child, python, json.dumps(request).encode())
        except OSError as error:
            raise UnknownEnvironment(
                f"this is no program that runs here: {error.strerror}",
                where=str(python),
                todo="name the interpreter of the environment by --python.",
            ) from error
    from kafka_forge.doctor.seen import Seen

    try:
        answer = json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise _no_answer(python, done) from error
    return Seen.model_validate(answer)


def _heard(child: subprocess.Popen[bytes], python: Path, asked: bytes) -> subprocess.CompletedProcess[bytes]:
    """Wait for the program; what judges its answer is loaded meanwhile, which is a third of a second saved."""
    from kafka_forge.doctor import known

    known.table()
    try:
        out, err = child.communicate(asked, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        child.kill()
        raise ProbeFailed(
            f"the environment's Python gave no answer within {_SECONDS:.0f} s",
            where=str(python),
            todo="try `python -c pass` with it: its start-up files (.pth, sitecustomize) may be what hangs.",
        ) from error
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def _no_answer(python: Path, done: subprocess.CompletedProcess[bytes]) -> ProbeFailed | UnknownEnvironment:
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if any("SyntaxError" in line or "__future__" in line for line in said):
        return UnknownEnvironment(
            "this Python is older than 3.7, which is the oldest that can be looked at",
            where=str(python),
            details=said[-3:],
            todo="look at an environment with a newer Python; no current client runs on this one.",
        )
    return ProbeFailed(
        f"the environment's Python ended with status {done.returncode} and without an answer",
        where=str(python),
        details=said[-10:],
        todo="try `python -c pass` with it; if that works, report what is shown here.",
    )
