"""A prefix comes in; what its files and its running client show goes out, for the checks of stage ``inspect``.

Nothing is judged, and nothing in the prefix changed.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.errors import ForgeError, InstallFailed
from kafka_forge.inspection import binaries, c_project, commands, metadata, paths, recipe_tests, records, runtime
from kafka_forge.values.evidence import InspectEvidence

if TYPE_CHECKING:
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Environment, JsonObject


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
    record = _record(environment)
    files = tuple(sorted(record["files"]))
    package = Path(record["extracted_package_dir"])
    with progress.task(f"inspect {environment.artifact.cell.id}", total=3) as task:
        task.note("reading its binaries")
        found = tuple(binaries.read(environment.prefix, files, platform))
        task.advance()
        task.note("looking for build paths")
        leaks = paths.scan(package, paths.of_this_machine(_checkout(), _cache_root(package)))
        task.advance()
        task.note("asking the running client")
        answer = runtime.ask(environment, modules_of(contract)) if environment.runner else {}
        promised = contract.promises.get("c-project")
        project = c_project.build(environment, **promised, progress=progress) if promised else {}
        called = [each["run"] for each in contract.promises.get("commands", {}).get("each", ())]
        ran = commands.run(environment, files, called) if called else {}
        seconds = time.perf_counter() - begun
        task.note("running the recipe's tests")
        native = environment.runner is not None and not environment.runner.emulator
        tested = recipe_tests.run(environment) if native and "recipe-tests" in contract.promises else {}
    return InspectEvidence(
        environment=environment,
        files=files,
        binaries=found,
        build_paths=leaks,
        depends=tuple(record.get("depends", ())),
        probe=answer,
        seconds=seconds,
        c_project=project,
        recipe_tests=tested,
        commands=ran,
        variant=variant_of(package),
        records=records.read(environment.prefix, files),
        metadata=metadata.read(package, environment.prefix, files),
    )


def _cache_root(package: Path) -> Path:
    """Return the cache that a package was unpacked in: `environment.install` puts it into ``packages/pkgs/NAME``."""
    return package.parents[2]


def variant_of(package: Path) -> dict[str, str]:
    """Return what a package was built with, by its ``info/hash_input.json``; nothing where it has none that is one."""
    try:
        data = json.loads((package / "info" / "hash_input.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}


def modules_of(contract: Contract) -> list[str]:
    """Return the modules that a contract speaks of, without repeats: those to import, and those that are linked."""
    named = [
        *contract.promises.get("imports", {}).get("modules", ()),
        *contract.promises.get("extension-links", {}).get("modules", ()),
        *contract.promises.get("gil-stays-off", {}).get("modules", ()),
    ]
    return list(dict.fromkeys(named))


def _record(environment: Environment) -> JsonObject:
    cell = environment.artifact.cell
    path = environment.prefix / "conda-meta" / f"{cell.name}-{cell.version}-{cell.build}.json"
    try:
        record: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InstallFailed(
            "the environment has no record of the artifact", where=str(path), todo="install it anew."
        ) from error
    return record


def _checkout() -> Path | None:
    from kafka_forge.ground.paths import project_root

    try:
        return project_root()
    except ForgeError:
        return None
