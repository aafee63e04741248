"""What stands for a Debian package that the mirrors have forgotten: when, what is said of it, and when not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms
from kafka_forge.bases import python_locks, rolled_locks, tools
from kafka_forge.bases.nodes import Site
from kafka_forge.emulators import shelf
from kafka_forge.errors import LockGone, SourceUnreachable
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import DebianBinary, DebianSource, Source, apt, apt_index, obtain, rolling
from kafka_forge.sources.place import NotObtainedError
from tests.told import Told

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.progress import Task

ROOT = project_root()
LOCKED = DebianBinary(package="libc6", version="2.41-12+deb13u4", architecture="arm64", source="glibc", suite="trixie")
NEWER = "2.41-12+deb13u5"
BYTES = b"the newer package"
SHA256 = hashlib.sha256(BYTES).hexdigest()
FORGOTTEN = "0" * 64


class Mirror:
    """A mirror's pool and the suite's index, as far as apt would tell of them."""

    def __init__(self) -> None:
        self.answer = "HTTP 404 Not Found"
        self.version = NEWER
        self.files = {f"libc6_{NEWER}_arm64.deb": BYTES}
        self.asked: list[str] = []

    def fetch(self, component: str, source: str, file: str, target: Path, task: Task) -> None:
        assert (component, source) == ("main", "glibc")
        self.asked.append(file)
        if file not in self.files:
            raise NotObtainedError(f"http://mirror/pool/{file}: {self.answer}", heard=True)
        target.write_bytes(self.files[file])

    def newest(self, package: str, suite: str, architecture: str) -> apt_index.Indexed:
        assert (package, suite, architecture) == ("libc6", "trixie", "arm64")
        return apt_index.Indexed(self.version, "glibc", "main", SHA256)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    made = Mirror()
    monkeypatch.setattr(apt, "fetch_from_pool", made.fetch)
    monkeypatch.setattr(apt_index, "newest", made.newest)
    monkeypatch.delenv(rolling.STRICT, raising=False)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Cache(tmp_path).store)


def locked(sha256: str = FORGOTTEN) -> Source:
    return Source(LOCKED.file, sha256, providers=(LOCKED,))


def test_the_suites_current_version_stands_for_one_that_is_forgotten_and_that_is_said(
    mirror: Mirror, store: Store
) -> None:
    told = Told()
    assert obtain(locked(), store, told).read_bytes() == BYTES
    text = "libc6 2.41-12+deb13u4 → 2.41-12+deb13u5 (trixie, arm64)"
    assert told.lines == [f"rolled: {text}"]
    assert rolling.among([FORGOTTEN], store) == (text,)


def test_it_is_looked_for_once(mirror: Mirror, store: Store) -> None:
    obtain(locked(), store, Silent())
    asked = len(mirror.asked)
    assert obtain(locked(), store, Silent()).read_bytes() == BYTES
    assert len(mirror.asked) == asked


def test_with_strict_locks_nothing_stands_for_it(mirror: Mirror, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    obtain(locked(), store, Silent())
    monkeypatch.setenv(rolling.STRICT, "1")
    with pytest.raises(LockGone, match=r"libc6_2\.41-12\+deb13u4_arm64\.deb") as caught:
        obtain(locked(), store, Silent())
    assert "--strict-locks" in caught.value.todo


@pytest.mark.parametrize("version", ["2.42-1", "1:2.41-12"])
def test_another_upstream_version_never_does(mirror: Mirror, store: Store, version: str) -> None:
    mirror.version = version
    if version.startswith("1:"):  # an epoch is no part of it: then the file is what is missing
        mirror.files = {}
    with pytest.raises(LockGone, match="nothing can stand for it") as caught:
        obtain(locked(), store, Silent())
    assert ("another upstream version" in caught.value.details[-1]) == (version == "2.42-1")
    assert rolling.known(store) == {}


def test_a_mirror_that_is_out_of_order_forgets_nothing(mirror: Mirror, store: Store) -> None:
    mirror.answer = "HTTP 503 Service Unavailable, 4 times"
    with pytest.raises(SourceUnreachable):
        obtain(locked(), store, Silent())
    assert rolling.known(store) == {}


def test_what_comes_must_be_what_the_signed_index_says(mirror: Mirror, store: Store) -> None:
    mirror.files = {f"libc6_{NEWER}_arm64.deb": b"something else"}
    with pytest.raises(LockGone):
        obtain(locked(), store, Silent())
    assert rolling.known(store) == {}


def test_the_locked_one_is_taken_again_where_it_can_be_had_and_the_newer_one_is_not_kept(
    mirror: Mirror, store: Store
) -> None:
    sha256 = hashlib.sha256(b"the locked one").hexdigest()
    obtain(locked(sha256), store, Silent())
    assert sha256 in rolling.known(store)
    store.path(SHA256).unlink()
    mirror.files[LOCKED.file] = b"the locked one"
    assert obtain(locked(sha256), store, Silent()).read_bytes() == b"the locked one"
    assert rolling.known(store) == {}


def test_of_a_source_archive_that_is_forgotten_the_suites_versions_are_named(
    mirror: Mirror, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = apt_index.IndexedSource("sid", "2.15.1-1", frozenset())
    monkeypatch.setattr(apt_index, "sources", lambda package: (there,) if package == "glibc" else ())
    place = DebianSource(package="glibc", file="glibc_2.41.orig.tar.xz")
    with pytest.raises(SourceUnreachable) as caught:
        obtain(Source("glibc.tar.xz", FORGOTTEN, providers=(place,)), store, Silent())
    assert caught.value.details[-1] == "Debian has of glibc now: 2.15.1-1 (sid)"
    assert "move the recipe to a version that Debian has now" in caught.value.todo


def test_the_base_names_what_it_is_made_of_and_refuses_it_with_strict_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library's, which all cells stand on; and a Python's, which only its own do."""
    monkeypatch.delenv(rolling.STRICT, raising=False)
    site = Site("linux-64", ROOT, Cache(tmp_path), Silent())
    store = Store(site.cache.store)
    tmp_path.mkdir(exist_ok=True)
    library = python_locks.load(python_locks.Libraries, ROOT).libraries[0].debs["linux-64"][0]
    (python,) = [
        each for each in python_locks.load(python_locks.Interpreters, ROOT).interpreters if "linux-64" in each.debian
    ]
    own = python.debian["linux-64"].debs[0]
    for deb in (library, own):
        newer = deb.at.model_copy(update={"version": f"{deb.at.version}+newer"})
        rolling.write_down(deb.sha256, rolling.Rolled(deb.at.version, newer, SHA256), store)
    named = rolled_locks.of_base(site, [python.python])
    assert {each.split()[0] for each in named} == {library.at.package, own.at.package}
    assert [each.split()[0] for each in rolled_locks.of_base(site, ["3.12"])] == [library.at.package]
    monkeypatch.setenv(rolling.STRICT, "1")
    with pytest.raises(LockGone) as caught:
        rolled_locks.of_base(site, [python.python])
    assert any(library.at.package in line for line in caught.value.details)
    rolling.write_down(library.sha256, None, store)
    assert [each.split()[0] for each in rolled_locks.of_base(site, [python.python])] == [own.at.package]


def test_an_emulator_that_is_made_of_newer_packages_is_refused_with_strict_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(rolling.STRICT, "1")
    cache = Cache(tmp_path / "cache")
    cache.root.mkdir()
    package = next(
        each for each in tools.load(ROOT / "bootstrap" / "emulators.yaml", "linux-64") if each.name == "qemu-aarch64"
    )
    rolling.write_down(package.sums[-1], rolling.Rolled("1-1", LOCKED, SHA256), Store(cache.store))
    monkeypatch.setattr(platforms, "current", lambda: "linux-64")
    with pytest.raises(LockGone, match="qemu-aarch64 in this cache was made of newer packages") as caught:
        shelf.ensure("qemu-aarch64", cache, Silent())
    assert caught.value.details == (f"rolled: libc6 1-1 → {LOCKED.version} (trixie, arm64)",)
