"""Two checkouts on one cache: each has a channel of its own, and what they have in common is made once."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import home
from kafka_forge.bases.cachekey import base_key
from kafka_forge.bases.nodes import Node, Site
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A checkout in which one thing that decides a base is another."""
    root = tmp_path / "changed"
    for part in ("bootstrap", "src/kafka_forge/bases", "recipes"):
        shutil.copytree(project_root() / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (root / "bootstrap" / "tools.yaml").open("a", encoding="utf-8") as file:
        file.write("# another one\n")
    return root


def node(site: Site, name: str, key: str) -> Node:
    path = site.channel / "linux-64" / f"{name}-1-h0_0.conda"
    return Node(name, "linux-64", key, path, frozenset(), lambda: 1.0, lambda: None)


def made(site: Site, name: str, key: str, text: str) -> Node:
    """Put a package into a site's channel as the base does: another file in place of what stands there."""
    package = node(site, name, key)
    assert package.path is not None
    package.path.parent.mkdir(parents=True, exist_ok=True)
    draft = package.path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(package.path)
    site.keep(package)
    return package


def test_the_same_checkout_has_the_same_channel(cache: Cache, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for part in ("bootstrap", "src/kafka_forge/bases", "recipes"):
        shutil.copytree(project_root() / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    assert home.channel_of(cache, clone) == home.channel_of(cache, project_root())


def test_what_one_checkout_makes_anew_the_other_keeps(cache: Cache, changed: Path) -> None:
    old, new = (Site("linux-64", root, cache, Silent()) for root in (project_root(), changed))
    home.provide(cache, old.root)
    same, other = made(old, "zlib", "a", "zlib"), made(old, "zig-cxx", "b", "zig-cxx of old")
    assert home.provide(cache, new.root) != old.channel
    assert new.stands(node(new, "zlib", "a"))
    assert not new.stands(node(new, "zig-cxx", "c"))
    made(new, "zig-cxx", "c", "zig-cxx of new, which is another one")
    assert old.stands(same)
    assert old.stands(other)
    assert other.path is not None
    assert other.path.read_text(encoding="utf-8") == "zig-cxx of old"
    assert new.stands(node(new, "zig-cxx", "c"))


def test_a_new_channel_has_what_older_ones_have_of_other_platforms(cache: Cache, changed: Path) -> None:
    """The one that was used last may have served one platform alone; the others' bases took an hour."""
    old, new = (Site("linux-64", root, cache, Silent()) for root in (project_root(), changed))
    home.provide(cache, old.root)
    made(old, "zlib", "a", "zlib of old")
    made(old, "krb5", "d", "krb5")
    of_another = old.channel / "osx-64" / "python-3.14.3-h0_0.conda"  # as wheels and Pythons do, it has no key
    of_another.parent.mkdir()
    of_another.write_text("python", encoding="utf-8")
    last = cache.base / "0123456789abcdef" / "channel"
    (last / "linux-64").mkdir(parents=True)
    shutil.copytree(old.channel / home.KEYS, last / home.KEYS)
    (last / home.KEYS / "linux-64" / "krb5.json").unlink()
    (last / "linux-64" / "zlib-1-h0_0.conda").write_text("zlib of last", encoding="utf-8")
    os.utime(old.channel.parent, (1, 1))
    home.provide(cache, new.root)
    assert (new.channel / "linux-64" / "zlib-1-h0_0.conda").read_text(encoding="utf-8") == "zlib of last"
    assert new.stands(node(new, "krb5", "d"))
    assert (new.channel / "osx-64" / of_another.name).read_text(encoding="utf-8") == "python"


def test_a_channel_that_nobody_used_for_a_month_goes_when_another_one_comes(cache: Cache, changed: Path) -> None:
    old = home.provide(cache, project_root())
    os.utime(old.parent, (0, 0))
    new = home.provide(cache, changed)
    assert new.is_dir()
    assert not old.exists()


def test_names_are_of_what_decides_a_base_and_nothing_else(changed: Path) -> None:
    assert base_key(changed) != base_key(project_root())
    assert base_key(project_root()) == base_key(project_root())
