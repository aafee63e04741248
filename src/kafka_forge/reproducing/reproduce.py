"""Two builds of each artifact, and what differs between them."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.building import build
from kafka_forge.errors import BuildFailed
from kafka_forge.ground import processes
from kafka_forge.ground.files import sha256_of
from kafka_forge.reproducing import conditions, details, possible
from kafka_forge.reproducing.differences import Difference, differences
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Artifact
    from kafka_forge.values.selection import Selection


@dataclass(frozen=True, slots=True)
class Compared:
    """One artifact, built twice.

    Attributes:
        artifact: the first build's; it may have stood in the output channel already.
        other: the second build's sha256.
        differences: what differs; nothing where the two are the same file.
        details: the text in which diffoscope tells of it, where the machine has that and they differ.
    """

    artifact: Artifact
    other: str
    differences: tuple[Difference, ...]
    details: Path | None = None


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What a run has shown.

    Attributes:
        varied: ids of `conditions.CONDITIONS` that the second builds had otherwise.
        compared: the artifacts in the order of their building.
        missing: cell id → why there is no first build of it, so nothing to compare.
        seconds: how long the first builds took, reused ones not at all, and the second ones.
    """

    varied: tuple[str, ...]
    compared: tuple[Compared, ...]
    missing: dict[str, str]
    seconds: tuple[float, float]


def reproduce(
    selection: Selection,
    chosen: Collection[str],
    *,
    root: Path,
    base: str,
    output: Path,
    cache: Cache,
    jobs: int,
    progress: Progress,
) -> Reproduced:
    """Build the selected cells, or take them where they are built, build them once more otherwise, and compare.

    Args:
        selection: recipes, platforms and Pythons.
        chosen: ids of `conditions.CONDITIONS`.
        root: the checkout.
        base: as ``--base``.
        output: the channel of the first builds; the second ones are thrown away after the comparison.
        cache: for both; the second builds have rooms of their own in it.
        jobs: how many cells are built side by side, in either.
        progress: told what is being done.

    Raises:
        ForgeError: as `build.build`.
        BuildFailed: the second builds failed where the first ones did not; ``where`` is their log.
    """
    begun = time.monotonic()
    made = build.build(selection, root=root, base=base, output=output, cache=cache, jobs=jobs, progress=progress)
    between = time.monotonic()
    cache.work.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="reproduce-", dir=cache.work) as name,
        _with(chosen, cache, progress) as with_,
    ):
        otherwise = conditions.arrange(chosen, Path(name), root, cache.root, with_)
        with progress.task("build once more, under other conditions"):
            _build(selection, otherwise, base, jobs, output / "logs" / "reproduce.log", Path(name))
        second = time.monotonic() - between
        compared = tuple(_compared(artifact, otherwise.output, output / "logs") for artifact in made.artifacts)
    missing = {cell.id: f"{why.verdict}: {why.summary}" for cell, why in made.missing}
    return Reproduced(
        tuple(each for each in conditions.CONDITIONS if each in chosen), compared, missing, (between - begun, second)
    )


@contextlib.contextmanager
def _with(chosen: Collection[str], cache: Cache, progress: Progress) -> Iterator[conditions.With]:
    """Give what the conditions take that not every machine has; `possible.refusals` has said whether it can be had."""
    clock = possible.clock(possible.faketime(cache, progress)) if "year" in chosen else {}
    place = possible.memory() if "file-order" in chosen else None
    with contextlib.ExitStack() as stack:
        room = tempfile.TemporaryDirectory(prefix="kafka-forge-", dir=place) if place else None
        yield conditions.With(Path(stack.enter_context(room)) if room else None, clock)


def _build(selection: Selection, otherwise: conditions.Otherwise, base: str, jobs: int, log: Path, room: Path) -> None:
    job = room / "job.json"
    told = {
        "recipes": selection.recipes,
        "platforms": selection.platforms,
        "pythons": selection.pythons,
        "root": str(otherwise.root),
        "output": str(otherwise.output),
        "base": base,
        "jobs": jobs,
        "umask": otherwise.umask,
        "cores": otherwise.cores,
        "host": otherwise.host,
    }
    job.write_text(json.dumps(told), encoding="utf-8")
    log.unlink(missing_ok=True)
    done = processes.run(
        [sys.executable, "-m", "kafka_forge.reproducing.child", job],
        log=log,
        cwd=otherwise.root,
        environment=otherwise.environment,
    )
    if done.returncode != 0:
        raise BuildFailed(
            f"under other conditions the build fails (status {done.returncode})",
            where=str(log),
            details=tail(log),
            todo="`kafka-forge reproduce --condition ID` has one of them otherwise: try which it is.",
        )


def _compared(artifact: Artifact, output: Path, logs: Path) -> Compared:
    other = output / artifact.cell.subdir / artifact.path.name
    found = differences(artifact.path, other)
    text = logs / f"{artifact.path.name}.diffoscope.txt"
    return Compared(artifact, sha256_of(other), found, details.write(artifact.path, other, text) if found else None)


def not_varied(varied: Collection[str], refused: Mapping[str, str]) -> dict[str, str]:
    """Return condition → why it was the same in both builds; ``refused`` is as `possible.refusals` says it."""
    return {each: refused.get(each, "not asked for") for each in conditions.CONDITIONS if each not in varied}


def as_json(done: Reproduced, refused: Mapping[str, str]) -> dict[str, object]:
    """Return a run as JSON has it: ids, sha256, and of each difference the file, the offset and the bytes around it."""
    return {
        "varied": list(done.varied),
        "not_varied": not_varied(done.varied, refused),
        "seconds": {"first": round(done.seconds[0], 1), "second": round(done.seconds[1], 1)},
        "artifacts": [
            {
                "cell": each.artifact.cell.id,
                "file": f"{each.artifact.cell.subdir}/{each.artifact.path.name}",
                "sha256": each.artifact.sha256,
                "second_sha256": each.other,
                "same": not each.differences,
                "diffoscope": str(each.details) if each.details else None,
                "differences": [
                    {name: getattr(difference, name) for name in Difference.__slots__}
                    for difference in each.differences
                ],
            }
            for each in done.compared
        ],
        "missing": done.missing,
    }
