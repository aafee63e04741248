"""Letting a scenario speak in several modes at once, and hearing what each has tried.

Where the machine itself runs the client, each mode is a program of its own. Under an emulator of a POSIX system they
are forks of one that has imported the client before (`scenarios/forking.py`).
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge import platforms
from kafka_forge.environments.activation import variables
from kafka_forge.ground import processes
from kafka_forge.scenarios import forking
from kafka_forge.values.evidence import Step, tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kafka_forge.ground.hearing import Heard
    from kafka_forge.scenarios.catalogue import Scenario
    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

_SECONDS = 600.0
"""Seconds after which a scenario as a whole is ended."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one mode has told.

    Attributes:
        steps: in the order in which they ended.
        end: how its process ended, with its last words; empty where that was by itself, after it had told something.
    """

    steps: tuple[Step, ...]
    end: str


def speak(
    env: Environment,
    runner: Runner,
    scenario: Scenario,
    requests: Mapping[str, JsonObject],
    watch: Callable[[], None],
) -> dict[str, Spoken]:
    """Run a scenario in several modes side by side.

    Args:
        env: the client's environment.
        runner: what runs its programs.
        scenario: the client's.
        requests: mode → what is asked of it (see `scenarios.scenario.Request`).
        watch: called each second meanwhile; what it raises ends all of them.

    Returns:
        Mode → what it has told, in the order of ``requests``.

    Raises:
        EmulatorCrashed: it was the emulator that ended.
    """
    with tempfile.TemporaryDirectory(prefix="kafka-forge-scenario-") as name:
        speech = _Speech(env, runner, scenario, Path(name), watch)
        speech.write(requests)
        posix = platforms.of(env.artifact.cell.platform).binary_kind != "pe"
        if len(requests) > 1 and runner.emulator and posix:
            return speech.by_forks(list(requests))
        with ThreadPoolExecutor(len(requests), thread_name_prefix="scenario") as pool:
            return dict(zip(requests, pool.map(speech.by_itself, requests), strict=True))


@dataclass(frozen=True, slots=True)
class _Speech:
    env: Environment
    runner: Runner
    scenario: Scenario
    room: Path
    watch: Callable[[], None]

    def write(self, requests: Mapping[str, JsonObject]) -> None:
        """Write each mode's request."""
        for mode, request in requests.items():
            self._request(mode).write_text(json.dumps(request), encoding="utf-8")

    def by_itself(self, mode: str) -> Spoken:
        """Run a mode as a program of its own."""
        path = self.runner.path
        heard, status = self._run([path(self.scenario.script), path(self._request(mode))], self._log(mode))
        return self._spoken(mode, _lines(heard), status, heard.ended_for)

    def by_forks(self, modes: list[str]) -> dict[str, Spoken]:
        """Run all modes out of one program."""
        path = self.runner.path
        pairs = [path(file) for mode in modes for file in (self._request(mode), self._log(mode))]
        for mode in modes:
            self._log(mode).touch()
        whole = self.room / "log"
        heard, status = self._run([path(Path(forking.__file__)), path(self.scenario.script), *pairs], whole)
        lines = _lines(heard)
        ended = {modes[line["ended"]]: int(line["status"]) for line in lines if "ended" in line}
        if len(ended) < len(modes) and not heard.ended_for:
            self.runner.check(status, tail(whole), self.env.artifact.cell.id)
        told = {mode: [line for line in lines if line.get("mode") == mode] for mode in modes}
        return {
            mode: self._spoken(mode, told[mode], ended[mode], "")
            if mode in ended
            else self._spoken(mode, told[mode], status, heard.ended_for, whole)
            for mode in modes
        }

    def _run(self, arguments: list[str], log: Path) -> tuple[Heard, int]:
        # -I would hide the scenarios from each other
        alone = ["-E", "-s", "-B", *(["-S"] if self.scenario.bare else [])]
        command = self.runner.command([self.env.interpreter, *alone, *arguments])
        with (
            log.open("wb") as errors,
            processes.started(command, cwd=self.room, environment=variables(self.env), stderr=errors) as child,
        ):
            heard = processes.hear(child, _SECONDS * self.runner.slowness, self.watch)
        return heard, child.returncode

    def _spoken(
        self, mode: str, lines: list[dict[str, Any]], status: int, ended_for: str, whole: Path | None = None
    ) -> Spoken:
        log = self._log(mode)
        if whole is not None and not log.stat().st_size:
            log = whole  # it ended before there was a fork
        if not ended_for:
            self.runner.check(status, tail(log), self.env.artifact.cell.id)
        steps = tuple(Step(**{**line, "log": tuple(line["log"])}) for line in lines)
        end = _end(status, ended_for) or ("" if steps else "ended")
        return Spoken(steps, f"{end}; its last words: {' / '.join(tail(log, 5))}" if end else "")

    def _request(self, mode: str) -> Path:
        return self.room / f"request-{mode}.json"

    def _log(self, mode: str) -> Path:
        return self.room / f"log-{mode}"


def _lines(heard: Heard) -> list[dict[str, Any]]:
    """Return what was said; a line is cut off where its process was ended."""
    said: list[dict[str, Any]] = []
    for line in heard.output.splitlines():
        with contextlib.suppress(ValueError):
            said.append(json.loads(line))
    return [each for each in said if isinstance(each, dict)]


def _end(status: int, ended_for: str) -> str:
    if ended_for:
        return f"was ended, for {ended_for}"
    if status < 0:
        return f"was killed by signal {-status}"
    return f"ended with status {status}" if status else ""
