"""A prefix comes in; what its files and its running client show goes out, for the checks of stage ``inspect``.

Nothing is judged, and nothing in the prefix changed.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.errors import ForgeError
from kafka_forge.inspection import (
    binaries,
    brought,
    c_project,
    emulated,
    metadata,
    own_tests,
    paths,
    recipe_tests,
    records,
)
from kafka_forge.values.evidence import InspectEvidence

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Environment


def inspect(environment: Environment, contract: Contract, *, progress: Progress) -> InspectEvidence:
    """Look at an artifact in its fresh environment.

    Where this machine cannot run the artifact's platform, the files are looked at in full and ``probe`` is empty.

    Args:
        environment: as `environment.install` made it.
        contract: names the modules to import.
        progress: told what is being done.

    Raises:
        ProbeFailed: the program inside the environment crashed, hung, or could not be run.
        InstallFailed: the environment's record of the artifact is missing.
        DiskFull, NotWritable: the file system refuses.
    """
    begun = time.perf_counter()
    platform = platforms.of(environment.artifact.cell.platform)
    seen = brought.of(environment)
    files = seen.files
    with progress.task(f"inspect {environment.artifact.cell.id}", total=3) as task:
        task.note("reading its binaries")
        besides = binaries.besides(environment.artifact.kind, environment.prefix)
        packed = [file for file in files if file not in seen.programs]
        found = tuple(binaries.read(environment.prefix, packed, platform, besides))
        task.advance()
        task.note("looking for build paths")
        leaks = paths.scan(seen.folder, paths.of_this_machine(_checkout(), *_cache_root(environment, seen.folder)))
        task.advance()
        task.note("asking the running client")
        answer = emulated.ask(environment, modules_of(contract))
        promised = contract.promises.get("c-project")
        with ThreadPoolExecutor(1) as pool:  # librdkafka's own tests mostly wait
            within = pool.submit(own_tests.run, environment) if "own-tests" in contract.promises else None
            project = c_project.build(environment, **promised, progress=progress) if promised else {}
            called = [each["run"] for each in contract.promises.get("commands", {}).get("each", ())]
            ran = emulated.call(environment, files, called) if called else {}
        seconds = time.perf_counter() - begun
        task.note("running the recipe's tests")
        native = environment.runner is not None and not environment.runner.emulator
        tested = recipe_tests.run(environment) if native and "recipe-tests" in contract.promises else {}
    return InspectEvidence(
        environment=environment,
        files=files,
        binaries=found,
        build_paths=leaks,
        depends=seen.depends,
        probe=answer,
        seconds=seconds,
        c_project=project,
        recipe_tests=tested,
        commands=ran,
        own_tests=within.result() if within else {},
        variant=dict(seen.variant),
        records=records.read(environment.prefix, files),
        metadata=metadata.read(seen.folder, environment.prefix, files),
    )


def _cache_root(environment: Environment, package: Path) -> tuple[Path, ...]:
    """Return the cache that a package was unpacked in: `environment.install` puts it into ``packages/pkgs/NAME``."""
    return () if environment.unpacked else (package.parents[2],)


def modules_of(contract: Contract) -> list[str]:
    """Return the modules that a contract speaks of, without repeats: those to import, and those that are linked."""
    named = [
        *contract.promises.get("imports", {}).get("modules", ()),
        *contract.promises.get("extension-links", {}).get("modules", ()),
        *contract.promises.get("gil-stays-off", {}).get("modules", ()),
    ]
    return list(dict.fromkeys(named))


def _checkout() -> Path | None:
    from kafka_forge.ground.paths import project_root

    try:
        return project_root()
    except ForgeError:
        return None
