"""The matrix of a CI run, computed from recipes and variants each time, so that no generated file can go stale.

A job is one platform and one group of recipes: recipes that are built on each other share a job, so nothing is built
twice, and recipes that have nothing in common run side by side.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import UnknownRevision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kafka_forge.planning.conda_forge import Reading
    from kafka_forge.planning.plan import Planned
    from kafka_forge.values.model import JsonObject
    from kafka_forge.values.selection import Selection

RUNNERS = {
    "linux-64": "ubuntu-24.04",
    "linux-aarch64": "ubuntu-24.04-arm",
    "linux-ppc64le": "ubuntu-24.04",
    "osx-64": "macos-15-intel",
    "osx-arm64": "macos-15",
    "win-64": "windows-2022",
}
"""Platform → the label of GitHub's runner (docs.github.com, "GitHub-hosted runners").

Each is native but for ppc64le, which GitHub does not have. Windows is the image that has Visual Studio 2022, which
conda-forge's compiler packages activate.
"""

CONTAINERS = {
    "linux-ppc64le": "python:3.12.12-bookworm@sha256:c0abd0758831ad99b7a29e0c1a875da9c4abb9a2e3f21e2eeb585dbcadfb6cd0"
}
"""Platform → the image that its job runs in: `verify` obtains its emulator from Debian, by the machine's own apt."""

_EVERYWHERE = ("src/", "bootstrap/", "scripts/", ".github/", "recipes/variants.yaml", "pyproject.toml")
"""Whatever is changed here may change every artifact, or its verdict."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the CI's matrix.

    Attributes:
        id: a name that may be part of a file's name, for example ``linux-64-librdkafka``.
        platform: the conda subdir.
        runner: the label of the machine that runs it.
        container: the image that it runs in; empty where it runs on the machine itself.
        recipes: what it builds and proves, in the order of building.
        cells: the ids of its cells.
        arguments: what ``verify`` is called with.
    """

    id: str
    platform: str
    runner: str
    container: str
    recipes: tuple[str, ...]
    cells: tuple[str, ...]
    arguments: str


def migrating(plans: Sequence[Planned], reading: Reading) -> dict[str, str]:
    """Return those Pythons that conda-forge brings to feedstocks one by one, with the migration's name.

    They are in no global pinning: a feedstock that has not had the migration is not built for them.
    """
    values = {planned.cell.python: planned.rendered.variant.get("python", "") for planned in plans}
    found = ((python, reading.migration(value)) for python, value in values.items() if python)
    return {python: name for python, name in found if name}


def jobs(plans: Sequence[Planned], selection: Selection) -> tuple[Job, ...]:
    """Return the jobs that build and prove these cells, platforms and recipes in the order of the plans.

    What the base cannot have is in no job's cells; the job's own report refuses it.
    """
    found = []
    for platform in dict.fromkeys(planned.cell.platform for planned in plans):
        here = [planned for planned in plans if planned.cell.platform == platform and not planned.refused]
        for group in groups({planned.cell.recipe: planned.cell.after for planned in here}):
            options = [f"--platform {platform}", *(f"--python {python}" for python in selection.pythons)]
            found.append(
                Job(
                    id=f"{platform}-{group[0]}",
                    platform=platform,
                    runner=RUNNERS[platform],
                    container=CONTAINERS.get(platform, ""),
                    recipes=group,
                    cells=tuple(planned.cell.id for planned in here if planned.cell.recipe in group),
                    arguments=" ".join([*group, *options]),
                )
            )
    return tuple(found)


def groups(after: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Part recipes into groups that are connected by what they are built on.

    Args:
        after: recipe → the recipes that it is built on; those that are no keys are left out.
    """
    parts: list[set[str]] = []
    for recipe, below in after.items():
        joined = {recipe, *(each for each in below if each in after)}
        apart = [part for part in parts if not part & joined]
        parts = [*apart, joined.union(*(part for part in parts if part & joined))]
    ordered = [tuple(recipe for recipe in after if recipe in part) for part in parts]
    return sorted(ordered, key=lambda group: list(after).index(group[0]))


def github(found: Sequence[Job]) -> JsonObject:
    """Return the value of a workflow's ``strategy.matrix``: one entry a job, plain strings only."""
    return {"include": [{key: _plain(value) for key, value in asdict(job).items() if key != "cells"} for job in found]}


def _plain(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def touched(files: Iterable[str], plans: Sequence[Planned]) -> frozenset[str]:
    """Return the recipes that a change touches, and those that are built on them.

    Args:
        files: what was changed, as paths relative to the checkout, with slashes.
        plans: all cells, which know what is built on what.
    """
    changed = set(files)
    recipes = {planned.cell.recipe for planned in plans}
    if any(file.startswith(_EVERYWHERE) for file in changed):
        return frozenset(recipes)
    found = {recipe for recipe in recipes if any(file.startswith(f"recipes/{recipe}/") for file in changed)}
    for planned in plans:  # in the order of building, so one pass finds all
        if found.intersection(planned.cell.after):
            found.add(planned.cell.recipe)
    return frozenset(found)


def changed_files(root: Path, revision: str) -> tuple[str, ...]:
    """Return what differs between the checkout, uncommitted changes included, and where it left ``revision``.

    Raises:
        UnknownRevision: git does not know the revision, or the folder is no git checkout.
    """
    from kafka_forge.ground import processes

    # With `--`, a revision that looks like an option or a file is no such thing; -z leaves names unquoted.
    since = ["git", "-C", str(root), "merge-base", "--end-of-options", revision, "HEAD"]
    base = processes.run(since, timeout=60)
    if base.returncode == 0:
        fork = base.output.decode().strip()
        diff = processes.run(["git", "-C", str(root), "diff", "--name-only", "-z", fork, "--"], timeout=60)
        new = processes.run(["git", "-C", str(root), "ls-files", "-z", "--others", "--exclude-standard"], timeout=60)
        return tuple(filter(None, (diff.output + new.output).decode().split("\0")))
    raise UnknownRevision(
        f"git finds no common ancestor of {revision!r} and the checkout",
        where=str(root),
        details=base.output.decode(errors="replace").splitlines(),
        todo="name a branch, tag or commit; in CI, check out with fetch-depth 0 so that history is there.",
    )
