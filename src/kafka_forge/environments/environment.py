"""Fresh environments: a solve and an install by py-rattler into a prefix that holds nothing else.

The same two steps that conda, mamba and pixi take. Files are hard links into the package cache, so an environment
costs tens of milliseconds and hardly any disk; an artifact is never installed into a prefix twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from kafka_forge import emulators, platforms
from kafka_forge.channels import solving
from kafka_forge.environments import bytecode
from kafka_forge.errors import BaseUnreachable, DiskFull, InstallFailed
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.values import python_names
from kafka_forge.values.model import Environment, InstalledPackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rattler import PrefixRecord, RepoDataRecord

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Artifact


def install(
    artifact: Artifact,
    contract: Contract,
    *,
    channels: Sequence[str],
    cache: Cache,
    prefix: Path,
    progress: Progress,
    beside: Sequence[tuple[Artifact, Contract]] = (),
) -> Environment:
    """Install exactly this artifact, its dependencies and the contract's extras into an empty prefix.

    May be called from several threads at once.

    Args:
        artifact: what to install; its sha256 is part of the spec, so a channel whose index is stale does not solve.
        contract: its ``environment`` names extras, and the Python of an artifact that serves every Python.
        channels: URLs or folders, in strict priority; the one that holds the artifact comes first.
        cache: packages are unpacked into its ``packages`` once, and linked from there.
        prefix: a folder that does not exist or is empty; at most some 150 characters, for binaries hold it.
        progress: told what is being done.
        beside: more artifacts for the same environment, of the same platform, with their contracts.

    Raises:
        SolveFailed: no such environment exists; carries the solver's explanation.
        BaseUnreachable: a channel cannot be read.
        InstallFailed: a package cannot be fetched, unpacked or linked, or the prefix is not empty.
        DiskFull: no room is left.
    """
    with explain_os_errors(prefix):
        prefix.mkdir(parents=True, exist_ok=True)
    if any(prefix.iterdir()):
        raise InstallFailed(
            "the prefix is not empty, so the environment would not be fresh",
            where=str(prefix),
            todo="name a folder that does not exist yet.",
        )
    with progress.task(f"install {artifact.cell.id}") as task:
        task.note("solving")
        records = _solve(artifact, contract, [_url(channel) for channel in channels], beside)
        task.note(f"linking {len(records)} packages")
        link(records, artifact.cell.platform, cache, prefix, artifact.path.name)
    interpreter = prefix / platforms.of(artifact.cell.platform).python_executable()
    made = Environment(
        artifact=artifact,
        prefix=prefix,
        python=interpreter if interpreter.exists() else None,
        packages=tuple(_installed(prefix)),
        extras=contract.environment.extras,
        channels=tuple(_url(channel) for channel in channels),
        runner=emulators.runner(artifact.cell.platform, cache, progress),
    )
    bytecode.provide(made, cache)
    return made


@contextlib.contextmanager
def fresh(
    artifact: Artifact, contract: Contract, *, channels: Sequence[str], cache: Cache, progress: Progress
) -> Iterator[Environment]:
    """Do as `install` does, into a temporary prefix that is gone when the block ends, however it ends.

    What a killed run left behind goes first. Raises what `install` raises.
    """
    with room(cache.work / "environments", artifact.cell.name) as own:
        made = install(artifact, contract, channels=channels, cache=cache, prefix=own / "prefix", progress=progress)
        if made.python is None and made.runner is not None and made.runner.emulator:
            made = replace(made, helper=_helper(made, channels, cache, own / "python"))
        yield made


def _helper(made: Environment, channels: Sequence[str], cache: Cache, prefix: Path) -> Path:
    """Install a Python of the artifact's platform beside it: this machine's own cannot load its library."""
    platform = made.artifact.cell.platform
    records = solving.solve(["python"], channels, platform, what=f"a Python that looks at {made.artifact.path.name}")
    link(records, platform, cache, prefix, "the Python that looks at it")
    return prefix / platforms.of(platform).python_executable()


def extended(
    environment: Environment, contract: Contract, *, channels: Sequence[str], cache: Cache, progress: Progress
) -> Environment | None:
    """Install a contract's extras into an environment that stands, as its user would who wants them later.

    Solved is as for a fresh one, so what stands then is what `install` makes with these extras.

    Args:
        environment: as `install` or `fresh` made it.
        contract: its ``environment`` names the extras.
        channels, cache, progress: as for `install`.

    Returns:
        The environment as it is then. None, and nothing has been touched, where a package that is there would have
        to change or to go: then a fresh one is wanted.

    Raises:
        SolveFailed, BaseUnreachable, InstallFailed, DiskFull: as `install` does.
    """
    from rattler import PrefixRecord

    artifact, prefix = environment.artifact, environment.prefix
    with progress.task(f"add to {artifact.cell.id}: {', '.join(contract.environment.extras)}"):
        records = _solve(artifact, contract, [_url(channel) for channel in channels])
        wanted = {(record.name.normalized, str(record.version), record.build) for record in records}
        if not {(package.name, package.version, package.build) for package in environment.packages} <= wanted:
            return None
        standing = [PrefixRecord.from_path(path) for path in (prefix / "conda-meta").glob("*.json")]
        link(records, artifact.cell.platform, cache, prefix, artifact.path.name, standing)
    larger = replace(environment, packages=tuple(_installed(prefix)), extras=contract.environment.extras)
    before = {package.name for package in environment.packages}
    bytecode.provide(larger, cache, names={package.name for package in larger.packages} - before)
    return larger


def specs(artifact: Artifact, contract: Contract, beside: Sequence[tuple[Artifact, Contract]] = ()) -> list[str]:
    """Return the match specs of an environment: the very artifacts, their Python, the contracts' extras.

    An artifact that serves every Python has its contract's where no other one is for a Python of its own.
    """
    together = [(artifact, contract), *beside]
    cells = [each.cell for each, _ in together]
    exact = [
        f'{cell.name}[version="=={cell.version}", build="{cell.build}", sha256="{each.sha256}"]'
        for cell, (each, _) in zip(cells, together, strict=True)
    ]
    own = [cell.python for cell in cells if cell.python]
    pythons = own or [told.environment.python for _, told in together if told.environment.python]
    extras = [extra for _, told in together for extra in told.environment.extras]
    return list(dict.fromkeys([*exact, *(python_names.spec(each) for each in pythons), *extras]))


def _solve(
    artifact: Artifact, contract: Contract, channels: Sequence[str], beside: Sequence[tuple[Artifact, Contract]] = ()
) -> list[RepoDataRecord]:
    from rattler import exceptions

    what = f"the environment of {', '.join(each.path.name for each in [artifact, *(each for each, _ in beside)])}"
    try:
        return solving.solve(specs(artifact, contract, beside), channels, artifact.cell.platform, what=what)
    except (exceptions.GatewayError, exceptions.FetchRepoDataError, exceptions.InvalidChannelError) as error:
        raise BaseUnreachable(
            "a channel cannot be read",
            where=", ".join(channels),
            details=_chain(error),
            todo="check the channels' addresses and the network, or take another base with --base.",
        ) from error


def link(
    records: list[RepoDataRecord],
    platform: str,
    cache: Cache,
    prefix: Path,
    what: str = "a package",
    standing: Sequence[PrefixRecord] = (),
) -> None:
    """Install solved packages of a platform into a prefix.

    Args:
        records: as `solving.solve` returns them.
        platform: the conda subdir.
        cache: packages are unpacked into its ``packages`` once, and linked from there.
        prefix: a folder that is made.
        what: what is installed, for the error.
        standing: what the prefix holds already.

    Raises:
        InstallFailed: a package cannot be fetched, unpacked or linked.
        DiskFull: no room is left.
    """
    import rattler
    from rattler import exceptions

    linking = rattler.install(
        records,
        prefix,
        cache_dir=cache.packages / "pkgs",
        installed_packages=list(standing),
        platform=rattler.Subdir(platform),
        show_progress=False,
    )
    try:
        asyncio.run(linking)
    except (
        exceptions.InstallerError,
        exceptions.LinkError,
        exceptions.TransactionError,
        exceptions.ExtractError,
        exceptions.IoError,
    ) as error:
        raise _install_error(what, prefix, error) from error


def _install_error(what: str, prefix: Path, error: Exception) -> DiskFull | InstallFailed:
    text = _chain(error)
    if any("No space left" in line or "os error 28" in line for line in text):
        return DiskFull(
            "no room is left for the environment",
            where=str(prefix),
            details=text,
            todo=DiskFull.MAKE_ROOM,
        )
    return InstallFailed(
        f"{what} cannot be installed",
        where=str(prefix),
        details=text,
        todo="if a package is damaged, remove it from its channel and build it again.",
    )


def _chain(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None:
        lines += [line for line in str(error).splitlines() if line not in lines]
        error = error.__cause__
    return lines


def _installed(prefix: Path) -> Iterator[InstalledPackage]:
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        yield InstalledPackage(
            name=record["name"],
            version=record["version"],
            build=record["build"],
            channel=str(record.get("channel", "")).rstrip("/"),
        )


def _url(channel: str) -> str:
    return channel if "://" in channel else Path(channel).resolve().as_uri()


# --- temporary prefixes ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def room(home: Path, label: str) -> Iterator[Path]:
    """Give a folder of our own, which is gone when the block ends.

    Its lock tells other runs that we live, so that they clear away only the dead.
    """
    with explain_os_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / ".lock"):
            _clear_dead(home)
            own = Path(tempfile.mkdtemp(prefix=f"{label}-", dir=home))
            # one thread may make an environment, and another one have done with it
            alive = filelock.FileLock(own / ".alive", thread_local=False)
            alive.acquire()
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        alive.release()


def _clear_dead(home: Path) -> None:
    for left in home.iterdir():
        if not left.is_dir():
            continue
        lock = filelock.FileLock(left / ".alive", blocking=False)
        with contextlib.suppress(filelock.Timeout, OSError), lock:
            shutil.rmtree(left, ignore_errors=True)
