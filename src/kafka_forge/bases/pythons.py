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

from kafka_forge.bases import (
    certificates,
    cpython,
    cpython_windows,
    debian_libraries,
    home,
    rolled_locks,
    sdists,
    wheels,
)
from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheels, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.errors import LockGone, SourceUnreachable, UnknownPython, UnsupportedMachine
from kafka_forge.ground import processes
from kafka_forge.ground.files import Store, explain_os_errors
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import rolling
from kafka_forge.sources.place import DEBIAN_NOW, forgotten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kafka_forge.bases.python_locks import Beside, Interpreter
    from kafka_forge.ground.progress import Progress

JOBS = 2


@dataclass(frozen=True, slots=True)
class Product:
    """One package to be: where it will stand, and what makes it."""

    name: str
    path: Path
    make: Callable[[], Path]
    alone: bool = False
    """Whether nothing but one Python's cells stands on it, and its files may be gone for good: Debian's Pythons."""


def ensure(root: Path, platform: str, pythons: Sequence[str], cache: Cache, progress: Progress) -> tuple[Path, ...]:
    """Make what is absent from the embedded channel for these Pythons, and take out what the locks no longer name.

    The channel is the checkout's, see `home`; it is *not* indexed here. Safe against other processes doing the same.

    Args:
        root: the checkout.
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
    shop = Workshop(platform, root, cache, progress)
    locks = load(Interpreters, root), load(Libraries, root), load(Wheels, root)
    every = tuple(interpreter.python for interpreter in locks[0].interpreters)
    _require_known(pythons, platform, locks[0])
    channel = home.provide(cache, root)
    with explain_os_errors(channel):
        for folder in (shop.native, shop.noarch):
            folder.mkdir(parents=True, exist_ok=True)
    with FileLock(channel.parent / ".pythons.lock"):
        remove_stale(shop, products(shop, every, *locks), _for_all_platforms(shop, every, locks[0], locks[2]))
        missing = [product for product in products(shop, pythons, *locks) if not product.path.is_file()]
        return make_all(missing, progress)


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
    shop = Workshop(platform, root, cache, Silent())
    found = {}
    for interpreter in lock.interpreters:
        python = interpreter.debian.get(platform)
        if not python or interpreter.python not in pythons:
            continue
        stem = cpython.stem(interpreter, lock, libraries, platform)
        stands = (shop.native / f"{stem}.conda").is_file()
        if rolled := rolling.strict() and stands and rolling.among(rolled_locks.sums(python), Store(cache.store)):
            found[interpreter.python] = (
                f"--strict-locks: the one in this cache was made of newer packages: {'; '.join(rolled)}"
            )
        elif not stands:
            newer = ", and --strict-locks lets no newer one stand for it" if rolling.strict() else ""
            found[interpreter.python] = (
                f"no mirror that apt on this machine names has Debian's {python.debs[0].at.file} (any more){newer}; "
                "name the version that Debian has now in bootstrap/python/wanted.yaml and run "
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
    shop = Workshop(platform, root, Cache(root), Silent())  # nothing is made: only names are asked for
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
        *_pure(shop, wheel_lock),
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
        make = partial(cpython.make, interpreter, lock, libraries, shop)
        yield _product(shop.native, stem, make, alone=shop.platform in interpreter.debian)
        yield _abi(shop, interpreter)


def _abi(shop: Workshop, interpreter: Interpreter) -> Product:
    return _product(shop.noarch, cpython.abi_package(interpreter).stem, partial(cpython.make_abi, interpreter, shop))


def _libraries(shop: Workshop, lock: Libraries) -> Iterable[Product]:
    if shop.platform == "win-64":
        runtime = cpython_windows.runtime(shop.root)
        stem = cpython_windows.runtime_package(runtime).stem
        yield _product(shop.native, stem, partial(cpython_windows.make_runtime, runtime, shop))
    for library in lock.libraries:
        if shop.platform in library.debs:
            stem = debian_libraries.stem(library, shop.platform)
            yield _product(shop.native, stem, partial(debian_libraries.make, library, shop))


def _pure(shop: Workshop, lock: Wheels) -> Iterable[Product]:
    bundle = certificates.bundle(lock)
    for system in certificates.SYSTEMS:
        stem = certificates.package(bundle, system).stem
        yield _product(shop.noarch, stem, partial(certificates.make, bundle, system, shop))
    for wheel in lock.pure:
        yield _product(shop.noarch, wheels.stem(wheel, None, lock), partial(wheels.make, wheel, None, lock, shop))


def of_group(shop: Workshop, pythons: Sequence[str], lock: Beside, group: str) -> list[Product]:
    """List the packages of a group for these Pythons."""
    wheel_lock, names = lock.groups[group], lock.named(group, load(Wheels, shop.root))
    stems = {wheels.stem(wheel, None, names): wheel for wheel in wheel_lock.pure}
    pure = [
        _product(shop.noarch, stem, partial(wheels.make, wheel, None, names, shop)) for stem, wheel in stems.items()
    ]
    return [*pure, *_wheels(shop, pythons, wheel_lock, names)]


def _wheels(shop: Workshop, pythons: Sequence[str], lock: Wheels, names: Wheels | None = None) -> Iterable[Product]:
    names = names or lock
    for wheel in lock.binary.get(shop.platform, ()):
        for python in pythons:
            if python in wheel.pythons:
                stem = wheels.stem(wheel, python, names)
                yield _product(shop.native, stem, partial(wheels.make, wheel, python, names, shop))


def _sdists(shop: Workshop, pythons: Sequence[str], interpreters: Interpreters, lock: Wheels) -> Iterable[Product]:
    for sdist in lock.sdists.get(shop.platform, ()):
        for interpreter in interpreters.interpreters:
            python = interpreter.python
            if python in pythons and shop.platform in interpreter.platforms and sdist.serves(python):
                stem = sdists.stem(sdist, interpreter, shop.platform)
                yield _product(shop.native, stem, partial(sdists.make, sdist, interpreter, shop))


def _product(folder: Path, stem: str, make: Callable[[], Path], *, alone: bool = False) -> Product:
    return Product(stem.rsplit("-", 2)[0], folder / f"{stem}.conda", make, alone)


def _is_gone(error: LockGone | SourceUnreachable) -> bool:
    """Tell whether every mirror that was asked has answered that it does not have it; one that was silent may have."""
    if isinstance(error, LockGone):
        return True
    answers = [line for line in error.details if not line.startswith(DEBIAN_NOW)]
    return bool(answers) and all(map(forgotten, answers))


def _for_all_platforms(
    shop: Workshop, pythons: Sequence[str], interpreters: Interpreters, wheel_lock: Wheels
) -> list[Product]:
    """List what stands in ``noarch`` for any platform: another one may have a Python that this one lacks."""
    wanted = [each for each in interpreters.interpreters if each.python in pythons and each.platforms]
    return [*(_abi(shop, each) for each in wanted), *_pure(shop, wheel_lock)]


def remove_stale(shop: Workshop, native: Sequence[Product], noarch: Sequence[Product]) -> None:
    """Take out packages of ours that no lock names any more: a solver might else prefer them."""
    for folder, wanted in ((shop.native, native), (shop.noarch, noarch)):
        names = {product.name for product in wanted}
        paths = {product.path for product in wanted}
        for path in folder.glob("*.conda"):
            if path.name.rsplit("-", 2)[0] in names and path not in paths:
                path.unlink(missing_ok=True)


def make_all(missing: Sequence[Product], progress: Progress) -> tuple[Path, ...]:
    """Make packages, some side by side; return those that could be made. Raises what making them raises."""
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
        except (LockGone, SourceUnreachable) as error:
            if not (product.alone and _is_gone(error)):
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
