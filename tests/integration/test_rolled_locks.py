"""A locked version that Debian's mirrors have really forgotten, with the machine's own apt and its signed index."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kafka_forge.errors import LockGone
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import (
    DebianBinary,
    DebianSource,
    NotObtainedError,
    Source,
    apt_index,
    load_hints,
    obtain,
    rolling,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt on this machine"),
]

FORGOTTEN = DebianBinary(package="libexpat1", version="2.5.0-1+deb12u0", architecture="arm64", source="expat")
"""A revision that never was, of a version that bookworm keeps: so it stays forgotten."""
SHA256 = "0" * 64


def test_what_is_forgotten_rolls_to_what_the_suite_has_or_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, source = Store(Cache(tmp_path).store), Source(FORGOTTEN.file, SHA256, providers=(FORGOTTEN,))
    monkeypatch.setenv(rolling.STRICT, "1")
    with pytest.raises(LockGone, match="no mirror has the locked") as caught:
        obtain(source, store, Silent())
    assert " 404 " in " ".join(caught.value.details)
    monkeypatch.delenv(rolling.STRICT)
    assert obtain(source, store, Silent()).read_bytes().startswith(b"!<arch>\n")
    rolled = rolling.known(store)[SHA256]
    assert rolled.at.version.startswith("2.5.0-1+deb12u")
    assert rolling.among([SHA256], store) == (f"libexpat1 2.5.0-1+deb12u0 → {rolled.at.version} (bookworm, arm64)",)


def test_a_version_that_the_suite_has_left_behind_is_refused_with_what_it_has_now(tmp_path: Path) -> None:
    left = FORGOTTEN.model_copy(update={"version": "2.4.9-1"})
    source = Source(left.file, SHA256, providers=(left,))
    with pytest.raises(LockGone, match="nothing can stand for it") as caught:
        obtain(source, Store(Cache(tmp_path).store), Silent())
    assert "bookworm has 2.5.0-1+deb12u" in caught.value.details[-1]


def test_debian_has_librdkafkas_archive(record_property: Callable[[str, object], None]) -> None:
    """Which suites name it is said where it is gone; a mirror may keep it after that, as long as it does."""
    hints = load_hints(project_root() / "recipes" / "librdkafka" / "sources.yaml")
    (place,) = (each for places in hints.values() for each in places if isinstance(each, DebianSource))
    there = apt_index.sources(place.package)
    suites = [each.suite for each in there if place.file in each.files]
    record_property("suites", suites)
    try:
        place.look()
    except NotObtainedError as error:
        has = ", ".join(f"{each.version} ({each.suite})" for each in there)
        pytest.fail(f"{error}; suites that name {place.file}: {suites}; Debian has {has}: move the recipe there")
