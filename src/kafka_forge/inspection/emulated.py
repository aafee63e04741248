"""What a client shows that an emulator runs: kept, as `inspection.kept` says.

Each start of Python takes seconds there, and an environment has several. Where the machine itself runs the client, it
is looked at each time; and messages are passed each time, whoever runs it.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground.files import sha256_of
from kafka_forge.inspection import commands, kept, pip_view, runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.values.model import Environment, JsonObject

_PROGRAMS = [
    *(Path(__file__).parents[1] / "scenarios" / name for name in ("probe.py", "loaded.py")),
    *map(Path, (commands.__file__, pip_view.__file__, runtime.__file__)),
]


def ask(environment: Environment, modules: Sequence[str]) -> JsonObject:
    """Return what `runtime.ask` does, now or before (see `kept.once`); an empty object where nothing can be run.

    Raises what that raises, and DiskFull, NotWritable: the file system refuses.
    """
    if environment.runner is None:
        return {}
    return _once(environment, "probe", list(modules), lambda: runtime.ask(environment, modules), _imported)


def ask_beside(environment: Environment, modules: Sequence[str]) -> JsonObject:
    """Return what `runtime.probe` does of an environment with the artifact's extras, as `ask` does it."""
    if environment.runner is None:
        return {}
    return _once(environment, "extras", list(modules), lambda: runtime.probe(environment, modules), _imported)


def call(environment: Environment, files: Sequence[str], called: Sequence[Sequence[str]]) -> JsonObject:
    """Return what `commands.run` does, now or before."""
    asked = [list(each) for each in called]
    return _once(environment, "commands", asked, lambda: commands.run(environment, files, called), _ended_well)


def forget(environment: Environment) -> None:
    """Forget what was seen of an artifact on its platform: what fails is always looked at again."""
    file = environment.artifact.path
    notes = file.parents[1] / ".notes" / file.parent.name
    for name in ("probe", "extras", "commands"):
        (notes / f"{file.name}.{environment.artifact.cell.platform}.{name}.json").unlink(missing_ok=True)


def _once(
    environment: Environment,
    name: str,
    asked: Sequence[object],
    look: Callable[[], JsonObject],
    good: Callable[[JsonObject], bool],
) -> JsonObject:
    runner = environment.runner
    if runner is None or not runner.emulator:
        return look()
    programs = [version("pip"), *map(sha256_of, _PROGRAMS)]
    key = kept.key_of(
        environment, asked, list(runner.prefix), programs, _beside(environment), kept.files_of(environment)
    )
    # one noarch file serves several platforms, and each has a note of its own
    note = f"{environment.artifact.cell.platform}.{name}"
    return kept.once(environment, note, key, look, good)


def _beside(environment: Environment) -> list[str]:
    """Return the packages of the Python that looks at a library, where the artifact's environment has none."""
    above = environment.helper.parents[:2] if environment.helper else ()
    return sorted(record.name for folder in above for record in folder.glob("conda-meta/*.json"))


def _imported(seen: JsonObject) -> bool:
    checked = seen.get("pip_check")
    imported = all(answer["ok"] and not answer.get("network") for answer in seen["imports"].values())
    return imported and seen["librdkafka"]["refused"] is None and (checked is None or checked["ok"])


def _ended_well(seen: JsonObject) -> bool:
    return all(run["status"] == 0 for run in seen["runs"].values())
