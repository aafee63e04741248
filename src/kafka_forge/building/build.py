"""From cells to artifacts: what is unchanged is reused, the rest is built in dependency order, side by side.

An artifact stands beside a note with its key (`kafka_forge.building.keys`); it is reused only if key and sha256 still
fit, so a half-written or exchanged file is never trusted.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from kafka_forge import bases, platforms
from kafka_forge.building import bills, keys
from kafka_forge.channels import channel
from kafka_forge.engine import engine
from kafka_forge.errors import DiskFull, ForgeError, Interrupted, NotWritable
from kafka_forge.ground import side_by_side
from kafka_forge.ground.files import atomic_path, sha256_of, write_text_atomic
from kafka_forge.ground.stages import Stages
from kafka_forge.planning import plan
from kafka_forge.sources import load_hints
from kafka_forge.values.model import BASE_HAS_PYTHON, Artifact, CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.planning.plan import Planned
    from kafka_forge.values.model import Base, Cell, JsonObject, MadeOf
    from kafka_forge.values.selection import Selection

_ENDS_ALL = (DiskFull, Interrupted, NotWritable)
"""What is no cell's own fault, and would meet the others, too."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made: the bases it stands on, platform → base, and an artifact for each cell.

    The bases of all platforms are one channel; they differ in what of it they depend on.
    """

    bases: Mapping[str, Base]
    artifacts: tuple[Artifact, ...]
    missing: tuple[tuple[Cell, CheckResult], ...] = ()
    """Cells that were asked for and have no artifact, each with the check that says why: refused, or failed."""

    @property
    def base(self) -> Base:
        """The base, as far as it is the same for all platforms."""
        return next(iter(self.bases.values()))


def _note(output: Path, cell: Cell) -> Path:
    return output / ".notes" / cell.subdir / f"{cell.filename}.json"


def find_built(output: Path, cell: Cell, key: str | None = None) -> Artifact | None:
    """Return the artifact of a cell if it stands in the channel, whole and (where a key is given) with that key."""
    path = output / cell.subdir / cell.filename
    try:
        note = json.loads(_note(output, cell).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if key is not None and note.get("key") != key:
        return None
    if not path.is_file() or sha256_of(path) != note.get("sha256"):
        return None
    return Artifact(cell, path, note["sha256"], path.stat().st_size, reused=True)


def hand_over(source: Path, target: Path) -> None:
    """Give another channel's folder every artifact, with its note, that it has not; the channel is not indexed here.

    Args:
        source: a folder that was built into; one that is not there has nothing to give.
        target: the other.
    """
    for note in sorted((source / ".notes").glob("*/*.json")):
        file = source / note.parent.name / note.name.removesuffix(".json")
        there = target / ".notes" / note.parent.name / note.name
        if not file.is_file() or (there.is_file() and there.read_bytes() == note.read_bytes()):
            continue
        # the file goes first: a note without it, or with another, is never trusted
        for begin, end in ((file, target / note.parent.name / file.name), (note, there)):
            with atomic_path(end) as draft:
                shutil.copyfile(begin, draft)


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What every build of one run shares."""

    bases: Mapping[str, Base]
    output: Path
    cache: Cache
    progress: Progress
    logs: Path

    def make(self, planned: Planned, made_of: MadeOf) -> Artifact:
        """Reuse the artifact of a cell, or build it."""
        found = find_built(self.output, planned.cell, made_of.key)
        if found is not None:
            return replace(found, made_of=made_of)
        base = self.bases[planned.cell.platform]
        begun = time.monotonic()
        log = self.logs / f"{planned.cell.id.replace('/', '_')}.log"
        bill = bills.RecipeBill(planned.rendered, base, self.output)
        with self.progress.task(f"build {planned.cell.id}"):
            path = engine.build(
                planned.rendered,
                channels=[self.output.as_uri(), base.channel],
                channel_dir=self.output,
                log=log,
                cache=self.cache,
                hints=load_hints(planned.rendered.recipe_dir / "sources.yaml"),
                progress=self.progress,
                bill=bill,
            )
        seconds = time.monotonic() - begun
        artifact = Artifact(planned.cell, path, sha256_of(path), path.stat().st_size, seconds=seconds, made_of=made_of)
        note = {
            "key": made_of.key,
            "sha256": artifact.sha256,
            "seconds": round(artifact.seconds, 3),
            "script_seconds": engine.script_seconds(log),
            "bill_seconds": round(bill.seconds, 3),
        }
        write_text_atomic(_note(self.output, planned.cell), json.dumps(note, indent=1) + "\n")
        return artifact


def build(
    selection: Selection,
    *,
    root: Path,
    base: str,
    output: Path,
    cache: Cache,
    jobs: int,
    progress: Progress,
    stages: Stages | None = None,
    keep_going: bool = False,
    planned: Callable[[Iterable[Cell]], None] | None = None,
    begin: Callable[[], None] | None = None,
) -> Built:
    """Build the selected cells, and the cells here that they are built on, into the channel at ``output``.

    A cell that the base cannot have (a Python that no registry offers for its platform) is refused, and among
    `Built.missing`. With ``keep_going`` so is one that cannot be built: the others are built all the same.
    ``planned`` gets the selected cells before anything is made for them: what it raises ends all.
    ``begin`` is called first in each thread that builds cells: what it sets for its thread alone (which processors it
    may use), the engine and the compilers get.

    Raises:
        ForgeError: unknown names, a base that cannot be made, sources that cannot be had, a failed solve or build.
            Cells that are being built are finished first; all finished ones stay and are reused next time.
    """
    timed = stages or Stages()
    begun = time.monotonic()
    plans = plan_on(selection, base, root)
    wanted = [each.cell for each in plans if each.selected]
    if planned is not None:
        planned(wanted)
    timed.add("plan", begun)
    begun = time.monotonic()
    line = _Line({each.cell.id: each for each in plans}, keep_going)
    chosen = _bases(line, base, root, cache, progress)
    timed.add("base", begun)
    begun = time.monotonic()
    channel.index(output)
    line.run(_Workshop(chosen, output, cache, progress, output / "logs"), jobs, begin)
    timed.add("build", begun)
    artifacts = tuple(line.done[cell.id] for cell in wanted if cell.id in line.done)
    missing = tuple((cell, line.lost[cell.id]) for cell in wanted if cell.id in line.lost)
    return Built(chosen, artifacts, missing)


def plan_on(selection: Selection, base: str, root: Path) -> tuple[Planned, ...]:
    """Return the plan of a selection on a base, with all that it is built on; the base is not made for it.

    Raises:
        ForgeError: as `plan.plan` and `bases.variants`.
    """
    variants, lacking = bases.variants(base, root), bases.lacking(base, root)
    return plan.plan(selection, root=root, variants=variants, lacking=lacking, with_dependencies=True)


def _bases(line: _Line, base: str, root: Path, cache: Cache, progress: Progress) -> dict[str, Base]:
    """Return platform → base for every platform that has a cell to be built; what is missing of them is made."""
    chosen: dict[str, Base] = {}
    for platform in dict.fromkeys(each.cell.platform for each in line.waiting.values()):
        try:
            chosen[platform] = bases.select(base, platform, cache, progress)
        except _ENDS_ALL:  # noqa: PERF203  (one try a platform)
            raise
        except ForgeError as error:
            line.lose_platform(platform, error)
        else:
            line.lose_pythons(platform, chosen[platform].gone)
            _beside(line, chosen[platform], root, platform, cache, progress)
    if not chosen:
        # nothing can be built, or nothing need be: then the base of this machine stands for what there is
        chosen[platforms.current()] = bases.select(base, platforms.current(), cache, progress)
    one = next(iter(chosen.values()))
    progress.say(f"base: {one.name} ({one.reason})")
    for text in sorted({each for base in chosen.values() for each in base.rolled}):
        progress.say(f"rolled: {text}")
    return chosen


def _beside(line: _Line, base: Base, root: Path, platform: str, cache: Cache, progress: Progress) -> None:
    """Make what some recipes need beside a base; where that fails, they are lost, and the others are not."""
    here = {each.cell.recipe for each in line.waiting.values() if each.cell.platform == platform}
    for recipe in sorted(here):
        try:
            bases.provide(base, root, platform, (recipe,), cache, progress)
        except _ENDS_ALL:  # noqa: PERF203  (one try a recipe)
            raise
        except ForgeError as error:
            line.lose_platform(platform, error, recipe)


class _Line:
    """The cells on their way: those that wait, those that are done, and those that are lost."""

    def __init__(self, plans: Mapping[str, Planned], keep_going: bool) -> None:
        self.waiting = dict(plans)
        self.done: dict[str, Artifact] = {}
        self.lost: dict[str, CheckResult] = {}
        self._plans = plans
        self._keep_going = keep_going
        for name, each in plans.items():
            if each.refused:
                self._lose(name, CheckResult(BASE_HAS_PYTHON, Verdict.REFUSED, each.refused))

    def lose_platform(self, platform: str, error: ForgeError, recipe: str | None = None) -> None:
        """Put down that nothing (of a recipe) can be built for a platform; raise the error if that is to end it all."""
        for name, each in list(self.waiting.items()):
            if each.cell.platform == platform and recipe in (None, each.cell.recipe):
                self._fail(name, error)

    def lose_pythons(self, platform: str, gone: Mapping[str, str]) -> None:
        """Refuse the cells of Pythons that the base of a platform could not get any more."""
        for name, each in list(self.waiting.items()):
            if each.cell.platform == platform and each.cell.python in gone:
                why = plan.refusal(each.cell.python, platform, gone)
                self._lose(name, CheckResult(BASE_HAS_PYTHON, Verdict.REFUSED, str(why)))

    def run(self, workshop: _Workshop, jobs: int, begin: Callable[[], None] | None) -> None:
        """Build cells side by side as soon as what they are built on is there."""
        known = keys.of_all(list(self.waiting.values()), workshop.bases)

        def make(each: Planned) -> Artifact:
            return workshop.make(each, known[each.cell.id])

        side_by_side.run(self.waiting, self._ready, make, self._take, jobs, begin)

    def _ready(self, running: AbstractSet[str]) -> list[str]:
        """Return what can be begun now; of one artifact for several platforms only the first."""
        busy = {self._file(name) for name in running}
        ready = []
        for name, planned in self.waiting.items():
            settled = all(each in self.done or each in self.lost for each in planned.built_on)
            if settled and self._file(name) not in busy:
                busy.add(self._file(name))
                ready.append(name)
        return ready

    def _file(self, name: str) -> tuple[str, str]:
        cell = self._plans[name].cell
        return cell.subdir, cell.filename

    def _take(self, name: str, future: Future[Artifact]) -> None:
        try:
            self.done[name] = future.result()
        except _ENDS_ALL:
            raise
        except ForgeError as error:
            self._fail(name, error)

    def _fail(self, name: str, error: ForgeError) -> None:
        if not self._keep_going:
            raise error
        self._lose(name, CheckResult("build", Verdict.FAIL, f"{error.code}: {error.what}", error.as_json()))

    def _lose(self, name: str, why: CheckResult) -> None:
        """Take a cell, and what is built on it, out of the line; one for every Python is tried with the others."""
        self.waiting.pop(name, None)
        self.lost[name] = why
        for other, planned in list(self.waiting.items()):
            if name in planned.built_on and not planned.cell.noarch:
                self._lose(other, CheckResult("build", why.verdict, f"{name}: {why.summary}", why.evidence))


def bill_seconds(output: Path) -> dict[Path, float]:
    """Return the artifacts of a channel's folder → how long their bills of materials took to write, in seconds."""
    found = {}
    for note in sorted((output / ".notes").glob("*/*.json")):
        file = output / note.parent.name / note.name.removesuffix(".json")
        seconds = json.loads(note.read_text(encoding="utf-8")).get("bill_seconds")
        if seconds is not None and file.is_file():
            found[file] = float(seconds)
    return found


def overhead(output: Path, cell: Cell) -> float | None:
    """Return what the toolkit and the engine added to a build script's own time, as a share of it (0.05 is 5 %).

    None if the artifact's note does not say how long the script ran.
    """
    try:
        note = json.loads(_note(output, cell).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    script = note.get("script_seconds")
    return note["seconds"] / script - 1 if script else None


def as_json(artifact: Artifact, output: Path) -> JsonObject:
    """Return an artifact as a row of JSON; ``file`` is relative to the channel."""
    return {
        **asdict(artifact.cell),
        "id": artifact.cell.id,
        "file": artifact.path.relative_to(output).as_posix(),
        "sha256": artifact.sha256,
        "size": artifact.size,
        "reused": artifact.reused,
        "seconds": round(artifact.seconds, 3),
    }
