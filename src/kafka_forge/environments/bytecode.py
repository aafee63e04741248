"""Compiled Python of packages that bring sources alone: made once by the interpreter that runs it, then linked.

conda compiles packages that serve every Python when it installs them, as pip does with wheels; here every artifact
has a prefix of its own, and the Python in it would compile them anew at every import. What is kept belongs to one
build of the interpreter and one package, both by sha256, and was compiled before anything under test ran. Every file
holds the hash of its source (PEP 552, ``checked-hash``): the interpreter loads it for the source that stands in the
prefix, and for no other.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.environments.activation import variables
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kafka_forge.ground.paths import Cache
    from kafka_forge.values.model import Environment

_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Package:
    """A package of Python sources: where its compiled files are kept, and the sources, relative to the prefix."""

    kept: Path
    sources: tuple[PurePosixPath, ...]


def provide(environment: Environment, cache: Cache, *, names: Collection[str] | None = None) -> None:
    """Put compiled files beside sources that have none into an environment; make those that are not kept yet.

    Nothing happens where the environment has no Python, or none that this machine can run. A source that does not
    compile is left to whoever imports it.

    Args:
        environment: a prefix in which nothing has run yet.
        cache: the files are kept in its ``packages/bytecode``.
        names: the packages that are meant; None for all.
    """
    if environment.python is None or environment.runner is None:
        return
    tag, packages = _packages(environment.prefix, cache.packages / "bytecode", names)
    missing = [package for package in packages if not package.kept.is_dir()]
    for package in packages:
        if package not in missing:
            _link(package.kept, environment.prefix)
    if missing and _compile(environment, [source for package in missing for source in package.sources]):
        for package in missing:
            _keep(package, environment.prefix, tag)


def _packages(prefix: Path, home: Path, names: Collection[str] | None) -> tuple[str, list[_Package]]:
    """Return how this Python tags its compiled files, and the packages of sources."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((prefix / "conda-meta").glob("*.json"))]
    python = next((record for record in records if record["name"] == "python"), None)
    if python is None:
        return "", []
    major, minor = python["version"].split(".")[:2]
    tag, packages = f"cpython-{major}{minor}", []
    for record in records:
        if record is not python and record.get("sha256") and (names is None or record["name"] in names):
            sources = _bare_sources(record["files"], tag)
            if sources:
                packages.append(_Package(home / f"{python['sha256'][:16]}-{record['sha256'][:16]}", sources))
    return tag, packages


def _bare_sources(files: Sequence[str], tag: str) -> tuple[PurePosixPath, ...]:
    """Return the modules among a package's files that it brings no compiled file for."""
    brought = set(files)
    modules = [PurePosixPath(name) for name in files if name.endswith(".py") and "/site-packages/" in name]
    return tuple(source for source in modules if str(_compiled(source, tag)) not in brought)


def _compiled(source: PurePosixPath, tag: str) -> PurePosixPath:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def _compile(environment: Environment, sources: list[PurePosixPath]) -> bool:
    """Let the environment's own Python compile; return whether it came to its end, with or without faulty sources."""
    runner = environment.runner
    if runner is None or environment.python is None:
        return False
    with tempfile.TemporaryDirectory(prefix="kafka-forge-bytecode-") as room:
        listed = Path(room) / "sources"
        paths = [runner.path(environment.prefix / source) for source in sources]
        listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
        options = ["-qq", "--invalidation-mode", "checked-hash", "-s", runner.path(environment.prefix)]
        done = processes.run(
            runner.command([environment.python, "-I", "-m", "compileall", *options, "-i", runner.path(listed)]),
            cwd=environment.prefix,
            environment=variables(environment),
            timeout=_SECONDS * runner.slowness,
        )
    return done.returncode in {0, 1} and not done.ended_for


def _keep(package: _Package, prefix: Path, tag: str) -> None:
    """Keep what was compiled, all of it at once: a folder that is there is whole."""
    package.kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=package.kept.parent))
    for source in package.sources:
        compiled = _compiled(source, tag)
        if (prefix / compiled).is_file():
            (draft / compiled.parent).mkdir(parents=True, exist_ok=True)
            _link_file(prefix / compiled, draft / compiled)
    try:
        draft.rename(package.kept)
    except OSError:  # somebody else was quicker
        shutil.rmtree(draft, ignore_errors=True)


def _link(kept: Path, prefix: Path) -> None:
    for folder, _, files in os.walk(kept):
        target = prefix / Path(folder).relative_to(kept)
        if files:
            target.mkdir(exist_ok=True)
        for name in files:
            _link_file(Path(folder) / name, target / name)


def _link_file(source: Path, target: Path) -> None:
    with contextlib.suppress(FileExistsError):
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:  # another file system, or one without links
            shutil.copy2(source, target)
