"""The tests that a librdkafka carries within itself, run on the very library that was installed.

They take seconds, minutes under an emulator, and ask nobody: so what passed is kept, as `inspection.kept` says.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.environments.activation import variables
from kafka_forge.ground import processes
from kafka_forge.ground.files import sha256_of
from kafka_forge.inspection import kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.values.model import Environment, JsonObject
    from kafka_forge.values.runner import Runner

_PROGRAM = Path(__file__).parents[1] / "scenarios" / "own_tests.py"
_SECONDS = 120.0
_STEERING = ("RD_UT_TEST", "RD_UT_ASSERT", "RD_UT_HTTP_URL", "TEST_DEBUG", "TEST_MODE")
"""What somebody may have set for other runs: rdunittest.c, rdhttp.c and others ask for these variables."""
_ENDED = re.compile(r"rd_unittest: unittest: (\w+): +(PASS|FAIL)")
_COLOUR = re.compile(r"\x1b\[\d*m")
_LINES = 12
_QUICK = ("e", "c", "rd", "h", "fnv", "string", "admin", "ssl")
"""Parts of names that all tests have but ``map``, ``msg`` and ``assignors``, none of which depends on a processor.

They take 5 of 6 seconds, and minutes under an emulator. RD_UT_TEST can only name what is run, not what is left out.
"""


def run(environment: Environment) -> JsonObject:
    """Run ``rd_kafka_unittest()`` of an environment's librdkafka, where there is one that can be run here.

    ``CI`` is set, as upstream's own workflow has it: a test that takes longer than a processor of its own would need is
    no failure then (rdunittest.c).

    Returns:
        ``tests``: name → whether it passed, in librdkafka's order; ``status``: 0 where all did, 2 where the library
        has none, None where they did not end by themselves, and ``ended_for`` why they were ended; ``lines``: what the
        failed ones said, or else the last lines; ``seconds``; ``ran``: when, in ISO 8601; ``reused``: whether that was
        before this run. An empty object where nothing can be run.

    Raises:
        EmulatorCrashed: the emulator did.
    """
    platform = platforms.of(environment.artifact.cell.platform)
    library = environment.prefix / platform.library_dir / platform.librdkafka
    runner = environment.runner
    if runner is None or not library.is_file():
        return {}
    parts = _QUICK if runner.emulator.startswith("qemu-") else ()
    return kept.once(
        environment,
        "own-tests",
        kept.key_of(environment, runner.emulator, parts, sha256_of(_PROGRAM), kept.files_of(environment)),
        lambda: _run(environment, runner, library, parts),
        lambda seen: seen["status"] == 0 and all(seen["tests"].values()),
    )


def _run(environment: Environment, runner: Runner, library: Path, parts: Sequence[str]) -> JsonObject:
    begun = time.perf_counter()
    known = {name: value for name, value in variables(environment).items() if name not in _STEERING}
    done = processes.run(
        runner.command([environment.interpreter, "-I", runner.path(_PROGRAM), runner.path(library), *parts]),
        cwd=environment.prefix,
        environment={**known, "CI": "true"},
        timeout=_SECONDS * runner.slowness,
    )
    lines = [_COLOUR.sub("", line).rstrip() for line in done.output.decode(errors="replace").splitlines()]
    ended = {found[1]: found[2] == "PASS" for line in lines if (found := _ENDED.search(line))}
    if not ended:
        runner.check(done.returncode, lines[-_LINES:], environment.artifact.cell.id)
    return {
        "tests": ended,
        "parts": list(parts),
        "status": None if done.ended_for else _status(done.returncode, ended),
        "ended_for": done.ended_for,
        "lines": ([line for line in lines if "RDUT: FAIL" in line] or lines)[-_LINES:],
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _status(returned: int, ended: Mapping[str, bool]) -> int:
    """Return the exit status: 1 says that a test failed, which is no more so where it passed in the end."""
    return 0 if returned == 1 and ended and all(ended.values()) else returned
