"""The Python side of the embedded base channel: interpreters, the libraries they load, and wheels.

Everything has a build string that is a hash of what it is made from; so what stands in the channel under its full name
is what the locks ask for, and is never made twice.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.bases import certificates, cpython, cpython_windows, debian_libraries, home, sdists, wheels
from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheels, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.errors import SourceUnreachable, UnknownPython, UnsupportedMachine
from kafka_forge.ground import processes
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kafka_forge.ground.progress import Progress

JOBS = 2


@dataclass(frozen=True, slots=True)
class Product:
    """One package to be: where it will stand, and what makes it."""

    name: str
    path: Path
    make: Callable[[], Path]
    rolling: bool = False
    """Whether what it is made from may be gone for good, see `DebianPython.rolling`."""


def ensure(platform: str, pythons: Sequence[str], cache: Cache, progress: Progress) -> tuple[Path, ...]:
    """Make what is absent from the embedded channel for these Pythons, and take out what the locks no longer name.

    The channel is the checkout's, see `home`; it is *not* indexed here. Safe against other processes doing the same.

    Args:
        platform: the conda subdir.
        pythons: for example ``("3.12", "3.13")``.
        cache: where the channel and the store are.
        progress: who listens; its total is in packages.

    Returns:
        The files that were made now; empty where all was there.

    Raises:
        UnknownPython: a Python that no lock names.
        LockInvalid: a lock cannot be read, or is not closed.
        UnsupportedMachine: no interpreter for the platform.
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining the locked files.
        BaseBuildFailed: a file could not be made into a package.
    """
    shop = Workshop(platform, cache, progress)
    root = project_root()
    locks = load(Interpreters, root), load(Libraries, root), load(Wheels, root)
    every = tuple(interpreter.python for interpreter in locks[0].interpreters)
    _require_known(pythons, platform, locks[0])
    channel = home.provide(cache, root)
    with explain_os_errors(channel):
        for folder in (shop.native, shop.noarch):
            folder.mkdir(parents=True, exist_ok=True)
    with FileLock(channel.parent / ".pythons.lock"):
        _remove_stale(shop, products(shop, every, *locks))
        missing = [product for product in products(shop, pythons, *locks) if not product.path.is_file()]
        return _make_all(missing, progress)


def available(root: Path, platform: str, pythons: Sequence[str]) -> tuple[str, ...]:
    """Return those of the Pythons that there are for a platform.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    there = {each.python for each in load(Interpreters, root).interpreters if platform in each.platforms}
    return tuple(python for python in pythons if python in there)


def gone(root: Path, platform: str, pythons: Sequence[str], cache: Cache) -> dict[str, str]:
    """Return those of the Pythons that `ensure` could not make as the mirrors have forgotten them → why, and a remedy.

    Raises:
        LockInvalid: a lock cannot be read.
    """
    lock, libraries = load(Interpreters, root), load(Libraries, root)
    shop = Workshop(platform, cache, Silent())
    found = {}
    for interpreter in lock.interpreters:
        python = interpreter.debian.get(platform)
        if python and python.rolling and interpreter.python in pythons:
            stem = cpython.stem(interpreter, lock, libraries, platform)
            if not (shop.native / f"{stem}.conda").is_file():
                found[interpreter.python] = (
                    f"no mirror that apt on this machine names has Debian's {python.debs[0].at.file} (any more); name "
                    "the version that Debian has now in bootstrap/python/wanted.yaml and run "
                    "python -m kafka_forge.bases.relock --keep interpreters"
                )
    return found


def libraries_elsewhere(root: Path, platform: str) -> tuple[str, ...]:
    """Return the names of the packages that a platform's Pythons run with and that are built from source.

    Raises:
        LockInvalid: the lock cannot be read.
    """
    specs = list(load(Libraries, root).elsewhere.values())
    for interpreter in load(Interpreters, root).interpreters:
        if platform in interpreter.debian:
            specs += interpreter.debian[platform].elsewhere.values()
    return tuple(dict.fromkeys(spec.split()[0] for spec in specs))


def file_names(root: Path, platform: str, pythons: Sequence[str]) -> tuple[str, ...]:
    """Return the file names of all packages that `ensure` makes for a platform.

    Raises:
        LockInvalid: a lock cannot be read.
    """
    locks = load(Interpreters, root), load(Libraries, root), load(Wheels, root)
    shop = Workshop(platform, Cache(root), Silent())  # nothing is made: only names are asked for
    return tuple(product.path.name for product in products(shop, pythons, *locks))


def _require_known(pythons: Sequence[str], platform: str, lock: Interpreters) -> None:
    there = {interpreter.python: interpreter.platforms for interpreter in lock.interpreters}
    for python in pythons:
        if python not in there:
            raise UnknownPython(f"the embedded base has no Python {python}", todo=f"ask for one of {', '.join(there)}.")
        if platform not in there[python]:
            raise UnsupportedMachine(
                f"the embedded base has no Python {python} for {platform}",
                details=[reason] if (reason := lock.absent.get(platform, {}).get(python)) else [],
                todo="use --base conda-forge there, or leave this Python out.",
            )


def products(
    shop: Workshop, pythons: Sequence[str], interpreters: Interpreters, libraries: Libraries, wheel_lock: Wheels
) -> list[Product]:
    """List every package that the channel should have for these Pythons, interpreters first: they take longest."""
    return [
        *_interpreters(shop, pythons, interpreters, libraries),
        *_libraries(shop, libraries),
        *_wheels(shop, pythons, wheel_lock),
        *_sdists(shop, pythons, interpreters, wheel_lock),
    ]


def _interpreters(
    shop: Workshop, pythons: Sequence[str], lock: Interpreters, libraries: Libraries
) -> Iterable[Product]:
    for interpreter in lock.interpreters:
        if interpreter.python not in pythons or shop.platform not in interpreter.platforms:
            continue
        stem = cpython.stem(interpreter, lock, libraries, shop.platform)
        debian = interpreter.debian.get(shop.platform)
        make = partial(cpython.make, interpreter, lock, libraries, shop)
        yield _product(shop.native, stem, make, rolling=debian is not None and debian.rolling)
        yield _product(shop.noarch, cpython.abi_package(interpreter).stem, partial(cpython.make_abi, interpreter, shop))


def _libraries(shop: Workshop, lock: Libraries) -> Iterable[Product]:
    if shop.platform == "win-64":
        runtime = cpython_windows.runtime()
        stem = cpython_windows.runtime_package(runtime).stem
        yield _product(shop.native, stem, partial(cpython_windows.make_runtime, runtime, shop))
    for library in lock.libraries:
        if shop.platform in library.debs:
            stem = debian_libraries.stem(library, shop.platform)
            yield _product(shop.native, stem, partial(debian_libraries.make, library, shop))


def _wheels(shop: Workshop, pythons: Sequence[str], lock: Wheels) -> Iterable[Product]:
    bundle = certificates.bundle(lock)
    for system in certificates.SYSTEMS:
        stem = certificates.package(bundle, system).stem
        yield _product(shop.noarch, stem, partial(certificates.make, bundle, system, shop))
    for wheel in lock.pure:
        yield _product(shop.noarch, wheels.stem(wheel, None, lock), partial(wheels.make, wheel, None, lock, shop))
    for wheel in lock.binary.get(shop.platform, ()):
        for python in pythons:
            if python in wheel.pythons:
                stem = wheels.stem(wheel, python, lock)
                yield _product(shop.native, stem, partial(wheels.make, wheel, python, lock, shop))


def _sdists(shop: Workshop, pythons: Sequence[str], interpreters: Interpreters, lock: Wheels) -> Iterable[Product]:
    for sdist in lock.sdists.get(shop.platform, ()):
        for interpreter in interpreters.interpreters:
            python = interpreter.python
            if python in pythons and shop.platform in interpreter.platforms and sdist.serves(python):
                stem = sdists.stem(sdist, interpreter, shop.platform)
                yield _product(shop.native, stem, partial(sdists.make, sdist, interpreter, shop))


def _product(folder: Path, stem: str, make: Callable[[], Path], *, rolling: bool = False) -> Product:
    return Product(stem.rsplit("-", 2)[0], folder / f"{stem}.conda", make, rolling)


def _is_gone(error: SourceUnreachable) -> bool:
    """Tell whether every mirror that was asked has answered that it does not have it; one that was silent may have."""
    answers = [answer for line in error.details for answer in line.split("; ")]
    return bool(answers) and all(": HTTP 404 " in answer for answer in answers)


def _remove_stale(shop: Workshop, wanted: Sequence[Product]) -> None:
    """Take out packages of ours that no lock names any more: a solver might else prefer them."""
    names = {product.name for product in wanted}
    paths = {product.path for product in wanted}
    for folder in (shop.native, shop.noarch):
        for path in folder.glob("*.conda"):
            if path.name.rsplit("-", 2)[0] in names and path not in paths:
                path.unlink(missing_ok=True)


def _make_all(missing: Sequence[Product], progress: Progress) -> tuple[Path, ...]:
    if not missing:
        return ()
    stop = threading.Event()

    def one(product: Product) -> Path | None:
        if processes.ending():
            raise KeyboardInterrupt
        if stop.is_set():
            return None
        task.note(product.path.name)
        try:
            path = product.make()
        except SourceUnreachable as error:
            if not (product.rolling and _is_gone(error)):
                raise
            progress.say(f"{product.path.name} cannot be made: {error.what}")
            return None
        task.advance()
        return path

    with (
        progress.task("Python packages of the base channel", total=len(missing)) as task,
        ThreadPoolExecutor(JOBS, thread_name_prefix="base") as pool,
    ):
        futures = [pool.submit(one, product) for product in missing]
        try:
            return tuple(path for future in futures if (path := future.result()))
        except KeyboardInterrupt:
            stop.set()
            processes.end_all()  # else leaving the pool would wait for the compilers
            raise
        except BaseException:
            stop.set()
            raise
