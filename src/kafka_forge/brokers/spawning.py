"""Programs of a broker, started under a guard (`guard`) that ends them with us, or to go on without us."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from kafka_forge.errors import BrokerNotReady
from kafka_forge.ground import processes

_IGNORED = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
_GUARD_SECONDS = 20.0


def environment() -> dict[str, str]:
    """Return our environment without what would change the flags of a Java behind our back."""
    return {name: value for name, value in os.environ.items() if name not in _IGNORED}


def _detach(arguments: list[str], folder: Path) -> int:
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ).pid


def spawn(
    programs: list[list[str]], folder: Path, *, detached: bool
) -> tuple[list[int], subprocess.Popen[bytes] | None]:
    """Start the programs; return their process ids, and their guard unless they are to go on without us.

    Args:
        programs: each with its arguments; they start in this order.
        folder: where they run and their ``server.log`` is written; the guard removes it at the end.
        detached: whether they go on when this process ends.

    Raises:
        BrokerNotReady: one could not be started.
    """
    if detached:
        return [_detach(arguments, folder) for arguments in programs], None
    first, *others = programs
    arguments = [*first, *(argument for other in others for argument in ("--", *other))]
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), str(folder), *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert guard.stdout is not None
    answer = guard.stdout.readline()
    if not answer.strip():
        guard.wait()
        raise BrokerNotReady(
            "Java could not be started", where=first[0], todo="set KAFKA_FORGE_JAVA to a java program that runs."
        )
    return [int(pid) for pid in answer.split()], guard


def end(guard: subprocess.Popen[bytes]) -> None:
    """Let a guard end its programs and remove their folder; may be called again."""
    if guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.close()
        try:
            guard.wait(_GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            processes.end(guard)
    if guard.stdout is not None:
        guard.stdout.close()
