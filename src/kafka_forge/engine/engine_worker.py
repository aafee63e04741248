"""The child process in which one package is built, or tested: ``python -m kafka_forge.engine.engine_worker JOB.json``.

The engine holds the interpreter's lock while a build script runs, so the process that is asked to end cannot be the
one that builds. This one forks: the upper half waits and ends the whole process group when it is told to, or when
the toolkit dies; the lower half builds. Everything that the engine says goes to standard output.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.ground import leaving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rattler_build.progress import LogEvent

    from kafka_forge.values.model import JsonObject

_PR_SET_PDEATHSIG = 1
_READY = "Successfully updated the"
_COPIED = "Copying done!"
SCRIPT_TOOK = "kafka-forge: the build script took"
_MANUAL = "To run the script manually"
_SOLVING = "  Platform:"
_LINES = 15


class _Log:
    """What the engine reports to; it calls these methods while it works.

    The engine does not tell how long a build script runs: it is what passes between the last environment's being
    ready and the last line before the copying of what the script made.
    """

    def __init__(self) -> None:
        self._ready = self._last = time.monotonic()

    def on_log(self, event: LogEvent) -> None:
        now = time.monotonic()
        if _READY in event.message:
            self._ready = now
        elif event.message.startswith(_COPIED):
            sys.stdout.write(f"{SCRIPT_TOOK} {self._last - self._ready:.3f} s\n")
        self._last = now
        # After a failure the engine explains how to go on in the work folder, which is removed: the compiler's own
        # last words shall stand last.
        if _MANUAL not in event.message:
            sys.stdout.write(event.message.rstrip("\n") + "\n")
            sys.stdout.flush()

    def on_build_step(self, event: Any) -> None:
        """Not used: the steps are in the log."""

    def on_download_start(self, event: Any) -> None:
        """Not used: sources are there already."""

    def on_download_progress(self, event: Any) -> None:
        """Not used: sources are there already."""

    def on_download_complete(self, event: Any) -> None:
        """Not used: sources are there already."""


def main(arguments: list[str]) -> int:
    """Build, or test, what the job file says; exit status 0 only if the package is whole, or its tests have run."""
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    return _supervised(job) if hasattr(os, "fork") else _do(job)


def _do(job: JsonObject) -> int:
    return _test(job) if "package" in job else _build(job)


def _supervised(job: JsonObject) -> int:
    child = os.fork()
    if child == 0:
        leaving.run(lambda: _do(job))

    def end_group(*_: object) -> None:
        os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_group)
    signal.signal(signal.SIGINT, end_group)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _build(job: JsonObject) -> int:
    from rattler_build import JinjaConfig, PlatformConfig, RattlerBuildError, Stage0Recipe, VariantConfig
    from rattler_build.render import RenderConfig
    from rattler_build.tool_config import ToolConfiguration

    os.environ.update(job["environment"])
    target = job["platform"]
    platform = PlatformConfig(target_platform=target, host_platform=target, build_platform=job["build_platform"])
    try:
        variants = VariantConfig.from_files_with_context(list(job["variants"]), JinjaConfig(platform=platform))
        outputs = Stage0Recipe.from_file(job["recipe"]).render(variants, RenderConfig(platform=platform))
        wanted = [each for each in outputs if _is(each, job)]
        if not wanted:
            sys.stdout.write(f"the recipe has no output {job['name']} {job['build']}\n")
            return 3
        wanted[0].run_build(
            ToolConfiguration(
                error_prefix_in_binary=job["error_prefix_in_binary"],
                use_zstd=job["remote"],
                use_sharded=job["remote"],
            ),
            output_dir=job["output"],
            channels=list(job["channels"]),
            progress_callback=_Log(),
            no_build_id=True,
            no_include_recipe=False,  # it tells what was solved; `finishing` takes it out again
        )
    except RattlerBuildError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    finally:
        sys.stdout.flush()
    return 0


def _test(job: JsonObject) -> int:
    """Run every test that the package carries, each in an environment of its own; tell of each in ``job["results"]``.

    A test that fails does not end the others, and the exit status does not tell of it.
    """
    from rattler_build import Package, RattlerBuildError

    remote = job["remote"]
    results = []
    for number, test in enumerate(Package.from_file(job["package"]).tests):
        begun = time.monotonic()
        package = Package.from_file(job["package"])
        try:
            done = package.run_test(
                number, channel=list(job["channels"]), use_bz2=False, use_zstd=remote, use_sharded=remote
            )
            ok, said = done.success, done.output
        except RattlerBuildError as error:
            ok, said = False, [str(error)]
        sys.stdout.write("\n".join(said) + "\n")
        seconds = round(time.monotonic() - begun, 3)
        results.append({"kind": type(test).__name__, "ok": ok, "lines": said_by_test(said), "seconds": seconds})
    Path(job["results"]).write_text(json.dumps(results), encoding="utf-8")
    sys.stdout.flush()
    return 0


def said_by_test(messages: Sequence[str]) -> list[str]:
    """Return the last lines that are a test's own, without what the engine says of its solving and its folders.

    >>> said_by_test(["  Platform: linux-64", "  Specs:", "✔ Successfully updated the test environment", "+ x --help"])
    ['+ x --help']
    >>> said_by_test(["  Platform: linux-64", "failed to setup test environment"])
    ['  Platform: linux-64', 'failed to setup test environment']
    """
    own: list[str] = []
    ready = False
    for message in messages:
        if _READY in message or message.startswith(_SOLVING):
            ready = _READY in message
        elif ready:
            lines = message.strip("\n").splitlines()
            own += lines[:1] if _MANUAL in message else lines
    return (own or [line for message in messages for line in message.splitlines()])[-_LINES:]


def _is(output: Any, job: JsonObject) -> bool:
    recipe = output.recipe
    variant = {key: str(value) for key, value in output.variant.items() if key != "host_platform"}
    return (recipe.package.name, recipe.build.string, variant) == (job["name"], job["build"], job["variant"])


if __name__ == "__main__":
    leaving.run(lambda: main(sys.argv[1:]))
