"""The locks of the base channel's Python side, and what of them the channel has, without network."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from kafka_forge.bases import pythons, relock
from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheels, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.errors import LockInvalid, UnknownPython, UnsupportedMachine
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
WANTED = YAML(typ="safe").load((ROOT / "bootstrap" / "python" / "wanted.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop("linux-64", ROOT, Cache(tmp_path / "cache"), Silent())


# --- locks ---------------------------------------------------------------------------------------------------


def test_the_locks_serve_the_same_pythons() -> None:
    interpreters, wheel_lock = load(Interpreters, ROOT), load(Wheels, ROOT)
    assert tuple(each.python for each in interpreters.interpreters) == wheel_lock.pythons


def test_every_platform_has_each_python_or_the_reason_why_not() -> None:
    lock = load(Interpreters, ROOT)
    for interpreter in lock.interpreters:
        for platform in PLATFORMS:
            reason = lock.absent.get(platform, {}).get(interpreter.python)
            assert (platform in interpreter.platforms) == (reason is None), f"{interpreter.python} on {platform}"


def test_every_binary_wheel_serves_every_python_of_its_platform_once() -> None:
    """Or the project has none for that Python, and is compiled, or CPython itself has taken its place."""
    lock, absent = load(Wheels, ROOT), load(Interpreters, ROOT).absent
    for platform, binary in lock.binary.items():
        pythons = [python for python in lock.pythons if python not in absent.get(platform, {})]
        compiled = {(each.project, python) for each in lock.sdists.get(platform, ()) for python in each.pythons}
        for project in {wheel.project for wheel in binary}:
            served = [python for wheel in binary if wheel.project == project for python in wheel.pythons]
            none = {
                python
                for python in pythons
                if project in WANTED["wheels"]["lacking_for"].get(python, ())
                and (project == "zstandard" or (project, python) in compiled)
            }
            assert sorted(served) == sorted({*pythons} - none), f"{project} on {platform}"


def test_the_locks_are_what_relocking_makes_of_what_is_wanted() -> None:
    """Nothing is asked of a registry for it: so whatever is wanted stands in the locks, and nothing else."""
    for name, lock in relock.locks([], keep=True).items():
        on_disk = (ROOT / "bootstrap" / "python" / f"{name}.json").read_text(encoding="utf-8")
        assert json.dumps(lock, indent=2) + "\n" == on_disk, name


def test_a_missing_lock_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(LockInvalid, match=r"cannot be read") as caught:
        load(Wheels, tmp_path)
    assert "relock" in caught.value.todo


def test_a_lock_with_half_a_sha256_is_refused(tmp_path: Path) -> None:
    text = (ROOT / "bootstrap" / "python" / "wheels.json").read_text(encoding="utf-8")
    file = tmp_path / "bootstrap" / "python" / "wheels.json"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(load(Wheels, ROOT).pure[0].sha256, "abc123"), encoding="utf-8")
    with pytest.raises(LockInvalid) as caught:
        load(Wheels, tmp_path)
    assert any("pure.0.sha256" in line for line in caught.value.details)


# --- the whole -----------------------------------------------------------------------------------------------


def test_an_unknown_python_or_platform_is_named(shop: Workshop) -> None:
    with pytest.raises(UnknownPython, match=r"3\.9"):
        pythons.ensure(ROOT, "linux-64", ["3.9"], shop.cache, Silent())
    with pytest.raises(UnsupportedMachine, match="osx-arm64"):
        pythons.ensure(ROOT, "osx-arm64", ["3.12"], shop.cache, Silent())


def test_only_our_own_stale_packages_leave_the_channel(shop: Workshop) -> None:
    shop.native.mkdir(parents=True)
    shop.noarch.mkdir()
    locks = load(Interpreters, ROOT), load(Libraries, ROOT), load(Wheels, ROOT)
    wanted = pythons.products(shop, locks[2].pythons, *locks)
    stale, foreign = shop.native / "python-3.12.0-h0000000_0_cpython.conda", shop.native / "openssl-3.5.7-h1_0.conda"
    for path in (stale, foreign, wanted[0].path):
        path.touch()
    pythons.remove_stale(shop, wanted, wanted)
    assert not stale.exists()
    assert foreign.exists()
    assert wanted[0].path.exists()


def test_a_platform_leaves_in_the_channel_what_only_others_have_pythons_for(shop: Workshop) -> None:
    """linux-ppc64le has no 3.15, and its packages for all platforms stand where linux-64's do."""
    locks = load(Interpreters, ROOT), load(Libraries, ROOT), load(Wheels, ROOT)
    every = [each.python for each in locks[0].interpreters]
    there = [each.path for each in pythons._for_all_platforms(shop, every, locks[0], locks[2])]
    abi = {path.name for path in there if path.name.startswith("python_abi-")}
    assert {name.split("-")[1] for name in abi} == set(every)
    for path in there:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for platform in PLATFORMS:
        here = replace(shop, platform=platform)
        pythons.remove_stale(
            here, pythons.products(here, every, *locks), pythons._for_all_platforms(here, every, locks[0], locks[2])
        )
    assert [path for path in there if not path.is_file()] == []
