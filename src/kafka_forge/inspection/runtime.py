"""What the running client shows: the probe on the environment's own Python, and pip's view of its metadata."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.environments.activation import variables
from kafka_forge.errors import ProbeFailed
from kafka_forge.ground import processes
from kafka_forge.inspection import pip_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

_PROBE = Path(__file__).parents[1] / "scenarios" / "probe.py"
_SECONDS = 120.0


def ask(environment: Environment, modules: Sequence[str]) -> JsonObject:
    """Run the probe and ``pip check`` side by side; return the answers as `InspectEvidence.probe` describes them.

    Args:
        environment: where to look; an environment without Python is looked at by the toolkit's own, which loads
            the librdkafka of the prefix.
        modules: what to import, in order.

    Raises:
        ProbeFailed: the probe crashed, hung, or could not be run.
    """
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(pip_view.check, environment, _runner(environment)) if environment.python else None
        answer = probe(environment, modules)
        return {**answer, "pip_check": checked.result() if checked else None}


def probe(environment: Environment, modules: Sequence[str]) -> JsonObject:
    """Import the modules in the environment and look at what is loaded; arguments and errors as for `ask`."""
    runner = _runner(environment)
    request: JsonObject = {
        "prefix": runner.path(environment.prefix),
        "modules": list(modules) if environment.python else [],
    }
    if environment.python is None:
        platform = platforms.of(environment.artifact.cell.platform)
        library = environment.prefix / platform.library_dir / platform.librdkafka
        request["library"] = runner.path(library) if library.is_file() else None
    arguments = ["-I", "-B", runner.path(_PROBE), json.dumps(request)]  # whoever's environment it is stays as it is
    command = runner.command([environment.interpreter, *arguments])
    done = processes.run(
        command, cwd=environment.prefix, environment=variables(environment), timeout=_SECONDS * runner.slowness
    )
    answers = [line for line in done.output.splitlines() if line.startswith(b'{"imports": ')]
    if done.returncode != 0 or not answers:
        runner.check(done.returncode, _last_lines(done), environment.artifact.cell.id)
        raise _failed(environment, done)
    answer: JsonObject = json.loads(answers[-1])
    return answer


def _failed(environment: Environment, done: processes.Finished) -> ProbeFailed:
    how = f"ended with status {done.returncode}"
    if done.ended_for:
        how = f"was ended after {done.seconds:.0f} s, for {done.ended_for}"
    elif done.returncode < 0:
        how = f"was ended by signal {-done.returncode} (a crash)"
    return ProbeFailed(
        f"the program that looks from inside the environment {how}",
        where=environment.artifact.cell.id,
        details=_last_lines(done),
        todo="import the artifact's modules by hand in an environment made by `kafka-forge install`.",
    )


def _last_lines(done: processes.Finished) -> list[str]:
    return done.output.decode(errors="replace").splitlines()[-20:]


def _runner(environment: Environment) -> Runner:
    if environment.runner is None:
        raise ProbeFailed(
            f"this machine cannot run programs of {environment.artifact.cell.platform}",
            where=environment.artifact.cell.id,
            todo="ask only an environment that has a runner.",
        )
    return environment.runner
