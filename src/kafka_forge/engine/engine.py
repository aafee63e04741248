"""The one place that asks py-rattler-build to render and to build.

Rendering happens in this process (milliseconds). A build happens in a child (`engine_worker`): so Ctrl-C ends the
compile's whole process group, several builds run side by side, and their output is a log file.

The build sees only what the recipe asks for and a POSIX userland: the child's PATH is one folder of links (see
`kafka_forge.ground.userland`). A compiler or a make that the machine happens to have is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from kafka_forge import platforms
from kafka_forge.channels import channel
from kafka_forge.engine import drafting, finishing, skipping, solvable, stamps
from kafka_forge.engine.engine_worker import SCRIPT_TOOK
from kafka_forge.errors import BuildFailed, CompilerCacheBroken, DiskFull, RecipeInvalid
from kafka_forge.errors.hiding import hidden
from kafka_forge.ground import compiler_cache, processes, userland
from kafka_forge.ground.files import atomic_path, explain_os_errors, private, write_text_atomic
from kafka_forge.sboms.facts import Facts
from kafka_forge.sboms.facts import Source as TakenSource
from kafka_forge.values import python_names
from kafka_forge.values.evidence import tail
from kafka_forge.values.rendered import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.sboms.facts import Bill
    from kafka_forge.sources import Hints
    from kafka_forge.values.model import JsonObject

_HOST_PLATFORM = "host-platform.yaml"
_TOLD = ("OSX", "GLIBC", "WIN")  # the solver has a variable for each, CONDA_OVERRIDE_…
_POSITION = re.compile(r"\b(\d+):\d+")
_LINES = 400  # at the end of a log, that are looked through for what has gone wrong


def render(recipe_dir: Path, variants: Sequence[Path], platform: str) -> tuple[Rendered, ...]:
    """Render a recipe for every variant that it does not skip, in the order of their Pythons.

    Args:
        recipe_dir: the folder that holds ``recipe.yaml`` (the v1 format, CEP 13 and 14).
        variants: variant files; a later one overrides the keys of an earlier one.
        platform: the conda subdir to render for.

    Raises:
        RecipeInvalid: the recipe or a variant file is missing, does not parse or does not render.
    """
    from rattler_build import JinjaConfig, PlatformConfig, RattlerBuildError, Stage0Recipe, VariantConfig
    from rattler_build.render import RenderConfig

    config = PlatformConfig(target_platform=platform, host_platform=platform, build_platform=platforms.current())
    recipe = recipe_dir / "recipe.yaml"
    reading: Path | None = None
    try:
        merged = VariantConfig()
        for reading in variants:
            merged = merged.merge(VariantConfig.from_file_with_context(reading, JinjaConfig(platform=config)))
        reading = recipe
        outputs = Stage0Recipe.from_file(recipe).render(merged, RenderConfig(platform=config))
        outputs = skipping.kept(
            recipe, outputs, lambda text: Stage0Recipe.from_yaml(text).render(merged, RenderConfig(platform=config))
        )
    except (RattlerBuildError, OSError, ValueError) as error:
        raise _invalid(reading or recipe, error) from error
    found = (_rendered(each, recipe_dir, tuple(variants), platform) for each in outputs)
    return tuple(sorted(found, key=lambda each: python_names.order(each.python)))


def _invalid(file: Path, error: Exception) -> RecipeInvalid:
    lines = str(error).splitlines() or [type(error).__name__]
    position = _POSITION.search(lines[0])
    return RecipeInvalid(
        f"{file.parent.name}/{file.name} does not render",
        where=f"{file}:{position.group(1)}" if position else str(file),
        details=lines,
        todo="mend the file; the lines above are the engine's own words.",
    )


def _rendered(output: Any, recipe_dir: Path, variants: tuple[Path, ...], platform: str) -> Rendered:
    recipe = output.recipe.to_dict()
    noarch = recipe["build"].get("noarch")
    python = python_names.named(str(output.variant.get("python", "")))
    return Rendered(
        recipe_dir=recipe_dir,
        variant_files=variants,
        platform=platform,
        name=recipe["package"]["name"],
        version=str(recipe["package"]["version"]),
        build=recipe["build"]["string"],
        noarch=bool(noarch),
        python=None if noarch else python,
        variant={key: str(value) for key, value in output.variant.items()},
        sources=tuple(recipe.get("source") or ()),
        requirements={
            part: tuple(_spec(each) for each in recipe.get("requirements", {}).get(part) or ())
            for part in ("build", "host", "run")
        },
        digest=_digest(recipe),
        stand_ins=tuple((recipe.get("extra") or {}).get("stand_ins") or ()),
    )


def _digest(recipe: JsonObject) -> str:
    """Return the sha256 of a rendered recipe, without ``extra``; both ways to name a script count alike."""
    script = recipe["build"].get("script")
    if isinstance(script, dict) and script.keys() <= {"interpreter", "file"}:
        recipe = {**recipe, "build": {**recipe["build"], "script": script["file"]}}
    return hashlib.sha256(json.dumps({**recipe, "extra": None}, sort_keys=True, default=str).encode()).hexdigest()


def _spec(requirement: str | JsonObject) -> str:
    """Return a match spec; of a pin, which has no version before the build, only the name."""
    if isinstance(requirement, str):
        return requirement
    (pin,) = requirement.values()
    return str(pin["name"])


def build(
    rendered: Rendered,
    *,
    channels: Sequence[str],
    channel_dir: Path,
    log: Path,
    cache: Cache,
    hints: Hints,
    progress: Progress,
    error_prefix_in_binary: bool = True,
    solved: Sequence[str] = ("build", "host", "run"),
    bill: Bill | None = None,
) -> Path:
    """Build one package and put it into a channel.

    Args:
        rendered: what `render` returned.
        channels: URLs to solve from, the first first; usually ``channel_dir`` is one of them.
        channel_dir: the channel that the finished package goes to, and that is then indexed.
        log: where the engine's and the compiler's output goes; an old log is replaced.
        cache: for sources, unpacked packages, the compiler's objects and the work folder.
        hints: other places for the recipe's sources.
        progress: told about downloads.
        error_prefix_in_binary: refuse a package whose binaries hold the build's prefix. Only libraries that must
            know their prefix (OpenSSL's default folders) may turn it off; conda then rewrites them when it installs.
        solved: the requirements that must have a solution before anything is built.
        bill: writes the package's bill of materials; None leaves it without.

    Returns:
        The package's file in the channel.

    Raises:
        SourceUnreachable, ChecksumMismatch: as `sources.obtain`.
        SolveFailed: they have none.
        BuildFailed: the script or one of the engine's checks failed; ``where`` is the log.
        DiskFull, NotWritable: the file system refuses.
    """
    with _work(rendered, cache) as work:
        placed = drafting.place_sources(rendered, work / "sources", cache, hints, progress)
        archives = sorted(file for file in (work / "sources").rglob("*") if file.is_file())
        stamp = stamps.stamp(archives)
        if bill is not None:
            bill.look(archives)
        recipe = drafting.draft(rendered, placed, work / "recipe", stamp)
        if rendered.subdir not in ("noarch", platforms.current()):
            _name_host_platform(rendered, recipe, work)
        solvable.check(rendered, channels, solved)
        made = _run(rendered, recipe, work, channels, log, cache, progress, error_prefix_in_binary)
        whole = work / rendered.filename
        finishing.finish(made, whole, stamp, _describer(bill, placed, stamp))
        return channel.add(channel_dir, whole, rendered.subdir)


def _describer(bill: Bill | None, placed: Sequence[JsonObject], stamp: int) -> finishing.Describe | None:
    if bill is None:
        return None
    taken = tuple(_taken(each) for each in placed)
    return lambda index, about, recipe: bill.write(Facts(index, about, recipe, taken, stamp))


def _taken(source: JsonObject) -> TakenSource:
    """Return a source as the bill of materials names it: by upstream's addresses, not by this machine's copy."""
    patches = tuple(str(each) for each in source.get("patches") or ())
    if "url" not in source:
        return TakenSource(str(source.get("path") or source.get("git")), (), None, patches)
    local, *urls = source["url"]
    return TakenSource(local.rpartition("/")[2], tuple(urls), source["sha256"], patches)


@contextlib.contextmanager
def _work(rendered: Rendered, cache: Cache) -> Iterator[Path]:
    """Give the build its folder; it is gone when the block ends.

    The folder is always the same one, so that the compiler, whose cache knows files by their paths, finds again what
    an interrupted build had compiled. Nothing but the compiler's cache is taken over.
    """
    name = f"build-{rendered.filename.removesuffix('.conda')}"
    with explain_os_errors(cache.work):
        cache.work.mkdir(parents=True, exist_ok=True)
        with FileLock(cache.work / f".{name}.lock"):
            work = cache.work / name
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)


def _run(
    rendered: Rendered,
    recipe: Path,
    work: Path,
    channels: Sequence[str],
    log: Path,
    cache: Cache,
    progress: Progress,
    error_prefix_in_binary: bool,
) -> Path:
    job = {
        "recipe": str(recipe),
        "variants": [str(path) for path in (*rendered.variant_files, *work.glob(_HOST_PLATFORM))],
        "platform": rendered.platform,
        "build_platform": platforms.current(),
        "name": rendered.name,
        "build": rendered.build,
        "variant": dict(rendered.variant),
        "channels": list(channels),
        "remote": not all(url.startswith("file:") for url in channels),
        "output": str(work / "out"),
        "error_prefix_in_binary": error_prefix_in_binary,
        "environment": _overrides(rendered),
    }
    write_text_atomic(work / "job.json", json.dumps(job))
    log.unlink(missing_ok=True)
    private(cache.packages / "repodata")
    progress.begins(f"{rendered.name} for {rendered.platform} is being built; its log: {log}")
    try:
        finished = processes.run(
            [sys.executable, "-m", "kafka_forge.engine.engine_worker", work / "job.json"],
            log=log,
            cwd=work,
            environment=userland.environment(work / "tools", cache),
        )
    finally:
        _forget_secrets(log)
    made = work / "out" / rendered.subdir / rendered.filename
    if finished.returncode != 0 or not made.is_file():
        raise _failed(rendered, log, finished.returncode, cache)
    return made


def _forget_secrets(log: Path) -> None:
    """Take out of a log what the engine tells with the channels' addresses."""
    with contextlib.suppress(FileNotFoundError):
        told = log.read_bytes().decode("utf-8", errors="surrogateescape")
        if (kept := hidden(told)) != told:
            with atomic_path(log) as draft:
                draft.write_bytes(kept.encode("utf-8", errors="surrogateescape"))


def _name_host_platform(rendered: Rendered, recipe: Path, work: Path) -> None:
    """Tell the engine for which platform the host environment is: from Python it learns that only as a variant's key.

    (`output_from_rendered_variant` in py-rattler-build's build.rs.) The key must be used by the recipe to be kept, and
    would then change the build strings, which depend on all keys that are used; so these are written down as they are.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 100_000
    data = yaml.load(recipe.read_text(encoding="utf-8"))
    siblings = render(rendered.recipe_dir, rendered.variant_files, rendered.platform)
    strings = {each.name: each.build for each in siblings if each.python == rendered.python}
    for part in data.get("outputs") or (data,):
        part.setdefault("build", {})["string"] = strings.get(str(part["package"]["name"]), rendered.build)
    data.setdefault("context", {})["kafka_forge_host"] = "${{ host_platform }}"
    with recipe.open("w", encoding="utf-8") as stream:
        yaml.dump(data, stream)
    (work / _HOST_PLATFORM).write_text(f"host_platform: [{rendered.platform}]\n", encoding="utf-8")


def _overrides(rendered: Rendered) -> dict[str, str]:
    """Return the variables by which the solver is told the macOS, glibc or Windows that we don't stand on.

    Else it takes this machine's glibc for the host environment, too, where a Python may need a newer one: the emulators
    bring theirs. Whether the build environment's programs run on this machine, `solvable.check` has seen before.
    """
    if rendered.subdir in ("noarch", platforms.current()):
        return {}
    assumed = platforms.of(rendered.platform).virtual_packages()
    return {f"CONDA_OVERRIDE_{name}": assumed[f"__{name.lower()}"] for name in _TOLD if f"__{name.lower()}" in assumed}


def script_seconds(log: Path) -> float | None:
    """Return how long the build script of a finished build ran, in seconds; None if the log does not say.

    The rest of the build's time is the engine's and the toolkit's own.
    """
    for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()):
        if line.startswith(SCRIPT_TOOK):
            return float(line.removeprefix(SCRIPT_TOOK).split()[0])
    return None


def _failed(rendered: Rendered, log: Path, status: int, cache: Cache) -> BuildFailed | DiskFull:
    last = tail(log)
    if any("No space left on device" in line or "NoSpaceLeft" in line for line in last):
        return DiskFull(
            f"no room was left while {rendered.name} was built",
            where=str(log),
            details=last,
            todo=DiskFull.MAKE_ROOM,
        )
    if file := compiler_cache.broken(cache.compiler, tail(log, _LINES)):
        return CompilerCacheBroken(
            f"{rendered.filename} could not be built (status {status}): {file}, of zig's own cache, is broken",
            where=str(log),
            details=last,
            todo=CompilerCacheBroken.REMOVE,
        )
    return BuildFailed(
        f"{rendered.filename} could not be built (status {status})",
        where=str(log),
        details=last,
        todo="read the whole log at the place named above; the last lines are shown here.",
    )
