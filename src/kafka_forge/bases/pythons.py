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

from kafka_forge.bases import certificates, cpython, debian_libraries, wheels
from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheels, load
from kafka_forge.errors import UnknownPython
from kafka_forge.files import Store, explain_os_errors
from kafka_forge.paths import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kafka_forge.paths import Cache
    from kafka_forge.progress import Progress

JOBS = 2


@dataclass(frozen=True, slots=True)
class Product:
    """One package to be: where it will stand, and what makes it."""

    name: str
    path: Path
    make: Callable[[], Path]


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What every product is made with."""

    platform: str
    channel: Path
    work: Path
    store: Store
    progress: Progress

    @property
    def native(self) -> Path:
        return self.channel / self.platform

    @property
    def noarch(self) -> Path:
        return self.channel / "noarch"


def ensure(platform: str, pythons: Sequence[str], cache: Cache, progress: Progress) -> tuple[Path, ...]:
    """Make what is absent from the embedded channel for these Pythons, and take out what the locks no longer name.

    The channel is ``<cache>/base/channel``; it is *not* indexed here. Safe against other processes doing the same.

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
    channel = cache.base / "channel"
    shop = _Workshop(platform, channel, cache.work, Store(cache.store), progress)
    root = project_root()
    locks = load(Interpreters, root), load(Libraries, root), load(Wheels, root)
    every = tuple(interpreter.python for interpreter in locks[0].interpreters)
    for python in pythons:
        if python not in every:
            raise UnknownPython(f"the embedded base has no Python {python}", todo=f"ask for one of {', '.join(every)}.")
    with explain_os_errors(channel):
        for folder in (shop.native, shop.noarch):
            folder.mkdir(parents=True, exist_ok=True)
    with FileLock(cache.base / ".pythons.lock"):
        _remove_stale(shop, products(shop, every, *locks))
        missing = [product for product in products(shop, pythons, *locks) if not product.path.is_file()]
        return _make_all(missing, progress)


def products(
    shop: _Workshop, pythons: Sequence[str], interpreters: Interpreters, libraries: Libraries, wheel_lock: Wheels
) -> list[Product]:
    """List every package that the channel should have for these Pythons, interpreters first: they take longest."""
    return [
        *_interpreters(shop, pythons, interpreters, libraries),
        *_libraries(shop, libraries),
        *_wheels(shop, pythons, wheel_lock),
    ]


def _interpreters(
    shop: _Workshop, pythons: Sequence[str], lock: Interpreters, libraries: Libraries
) -> Iterable[Product]:
    pins = libraries.pins()
    for interpreter in lock.interpreters:
        if interpreter.python not in pythons or shop.platform not in interpreter.jars:
            continue
        build = cpython.build_string(interpreter, shop.platform, pins)
        make = partial(
            cpython.make,
            interpreter,
            shop.platform,
            pins,
            folder=shop.native,
            work=shop.work,
            store=shop.store,
            progress=shop.progress,
        )
        yield Product("python", shop.native / f"python-{interpreter.version}-{build}.conda", make)
        abi = shop.noarch / f"{cpython.abi_package(interpreter).stem}.conda"
        yield Product("python_abi", abi, partial(cpython.make_abi, interpreter, folder=shop.noarch, work=shop.work))


def _libraries(shop: _Workshop, lock: Libraries) -> Iterable[Product]:
    for library in lock.libraries:
        if shop.platform in library.debs:
            stem = f"{library.name}-{library.version}-{debian_libraries.build_string(library, shop.platform)}"
            make = partial(
                debian_libraries.make,
                library,
                shop.platform,
                folder=shop.native,
                work=shop.work,
                store=shop.store,
                progress=shop.progress,
            )
            yield Product(library.name, shop.native / f"{stem}.conda", make)


def _wheels(shop: _Workshop, pythons: Sequence[str], lock: Wheels) -> Iterable[Product]:
    bundle = certificates.bundle(lock)
    make = partial(
        certificates.make, bundle, folder=shop.noarch, work=shop.work, store=shop.store, progress=shop.progress
    )
    yield Product("ca-certificates", shop.noarch / f"{certificates.package(bundle).stem}.conda", make)
    names = lock.conda_names()
    pure = [(wheel, None) for wheel in lock.pure]
    binary = [
        (wheel, python) for wheel in lock.binary.get(shop.platform, ()) for python in pythons if python in wheel.pythons
    ]
    for wheel, python in [*pure, *binary]:
        folder = shop.native if python else shop.noarch
        stem = f"{wheel.package}-{wheel.version}-{wheels.build_string(wheel, python)}"
        make = partial(
            wheels.make,
            wheel,
            python,
            subdir=folder.name,
            pythons=lock.pythons,
            names=names,
            folder=folder,
            work=shop.work,
            store=shop.store,
            progress=shop.progress,
        )
        yield Product(wheel.package, folder / f"{stem}.conda", make)


def _remove_stale(shop: _Workshop, wanted: Sequence[Product]) -> None:
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
        if stop.is_set():
            return None
        task.note(product.path.name)
        path = product.make()
        task.advance()
        return path

    with (
        progress.task("Python packages of the base channel", total=len(missing)) as task,
        ThreadPoolExecutor(JOBS, thread_name_prefix="base") as pool,
    ):
        futures = [pool.submit(one, product) for product in missing]
        try:
            return tuple(path for future in futures if (path := future.result()))
        except BaseException:
            stop.set()
            raise
