"""The programs that an artifact brings, run as its user would run them from an activated environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.environments.activation import variables
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

_FOLDERS = ("bin/", "Scripts/", "Library/bin/")
_BESIDE = ("-script.py", ".dll")
"""Ends of files in these folders that are no programs: what a launcher of Windows starts, and libraries."""
_SECONDS = 60.0
_LINES = 100


def programs(files: Iterable[str]) -> dict[str, str]:
    """Return the programs among a package's files: the name that a user types → the file.

    >>> programs(["bin/kafka-tools", "Scripts/tool-script.py", "Scripts/tool.exe", "Library/bin/x.dll", "lib/a.so"])
    {'kafka-tools': 'bin/kafka-tools', 'tool': 'Scripts/tool.exe'}
    """
    return {
        file.rpartition("/")[2].removesuffix(".exe"): file
        for file in files
        if file.startswith(_FOLDERS) and not file.endswith(_BESIDE)
    }


def run(environment: Environment, files: Iterable[str], commands: Iterable[Sequence[str]]) -> JsonObject:
    """Run each command of an environment whose programs can be run here.

    Args:
        environment: where the programs are; its ``runner`` runs them.
        files: those of the artifact, relative to the prefix.
        commands: the program's name and its arguments.

    Returns:
        ``programs``: name → file, all that the artifact brings; ``runs``: the command → ``{file, status, lines}``: the
        exit status (negative: ended by that signal; None: not within its time) and the last hundred lines of output.
        A command whose program the artifact does not bring is not among them.

    Raises:
        EmulatorCrashed: the emulator did.
    """
    found = programs(files)
    answers = {}
    for command in commands:
        if environment.runner is not None and command[0] in found:
            answers[" ".join(command)] = _one(environment, environment.runner, found[command[0]], command[1:])
    return {"programs": found, "runs": answers}


def _one(environment: Environment, runner: Runner, file: str, arguments: Sequence[str]) -> JsonObject:
    program = environment.prefix / file
    called: list[str | Path] = [program]
    if runner.emulator.startswith("qemu-") and _is_script(program):
        # The kernel would start the interpreter that the first line names on this machine's processor.
        called = [environment.interpreter, program]
    done = processes.run(
        runner.command([*called, *arguments]),
        cwd=environment.prefix,
        environment=variables(environment),
        timeout=_SECONDS * runner.slowness,
    )
    lines = [line.rstrip() for line in done.output.decode(errors="replace").splitlines()[-_LINES:]]
    runner.check(done.returncode, lines, environment.artifact.cell.id)
    status = None if done.ended_for else done.returncode
    return {"file": file, "status": status, "ended_for": done.ended_for, "lines": lines}


def _is_script(program: Path) -> bool:
    with program.open("rb") as stream:
        return stream.read(2) == b"#!"
