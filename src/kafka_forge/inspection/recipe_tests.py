"""The tests that an artifact carries, which its recipe names under ``tests:``, run by the engine as its users run them.

They take seconds, for each is given a fresh environment that has been compiled by nobody. So what passed is kept beside
the artifact's key, and holds as long as the artifact and what it was tested with are the same, byte for byte.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import DiskFull
from kafka_forge.ground import processes, userland
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.ground.paths import Cache
from kafka_forge.inspection import kept
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    from kafka_forge.values.model import Environment, JsonObject

_SECONDS = 900.0
_KINDS = {"CommandsTest": "script", "PackageContentsTest": "package_contents"}
"""The engine's class → the recipe's word (CEP 14), where it is not the class' own name in small letters."""


def run(environment: Environment) -> JsonObject:
    """Run the tests of an artifact of this machine's platform, or say what came of them before.

    Args:
        environment: the artifact's fresh environment. The tests run in others, from the same channels.

    Returns:
        As `InspectEvidence.recipe_tests` describes it.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    return kept.once(
        environment, "tests", _key(environment), lambda: _run(environment), lambda seen: _all_passed(seen["tests"])
    )


def _all_passed(tests: list[JsonObject]) -> bool:
    return bool(tests) and all(test["ok"] for test in tests)


def _key(environment: Environment) -> str:
    """Return the sha256 of all that decides what comes of the tests.

    Of the artifact's own channel, that is what stands in the fresh environment; of another channel on this machine its
    whole index, for the tests may ask for compilers, too. A remote channel's index moves daily: of that, again, what
    stands in the fresh environment.
    """
    bases = [kept.index_of(channel, environment) for channel in environment.channels]
    return kept.key_of(environment, version("py-rattler-build"), bases)


def _run(environment: Environment) -> JsonObject:
    cache = Cache.default()
    with explain_os_errors(cache.work):
        cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.work, prefix="recipe-tests-") as name:
        room = Path(name)
        results, log = room / "results.json", room / "log"
        (room / "tmp").mkdir()
        job = {
            "package": str(environment.artifact.path),
            "channels": list(environment.channels),
            "remote": not all(channel.startswith("file:") for channel in environment.channels),
            "results": str(results),
        }
        (room / "job.json").write_text(json.dumps(job), encoding="utf-8")
        variables = userland.environment(room / "tools", cache) | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), name)
        # The engine writes its scripts into the unpacked package: that must not be the one that others are linked with.
        variables["RATTLER_CACHE_DIR"] = str(room / "packages")
        command = [sys.executable, "-m", "kafka_forge.engine.engine_worker", str(room / "job.json")]
        finished = processes.run(command, log=log, cwd=room, environment=variables, timeout=_SECONDS)
        last = tail(log)
        if any("No space left on device" in line for line in last):
            raise DiskFull(
                f"no room was left while {environment.artifact.path.name} was tested",
                where=str(cache.work),
                details=last,
                todo=DiskFull.MAKE_ROOM,
            )
        if finished.returncode != 0 or not results.is_file():
            why = finished.ended_for
            how = f"was ended, for {why}" if why else f"ended with status {finished.returncode}"
            return {"tests": [], "broken": f"the engine {how}", "lines": last}
        return {"tests": [_named(test) for test in json.loads(results.read_bytes())]}


def _named(test: JsonObject) -> JsonObject:
    """Return a test's result with its kind in the recipe's words."""
    kind = test["kind"]
    return {**test, "kind": _KINDS.get(kind, kind.removesuffix("Test").lower())}
