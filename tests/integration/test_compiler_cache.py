"""A file of zig's own cache that is broken: the error says so, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import zig
from kafka_forge.errors import CompilerCacheBroken
from kafka_forge.ground import cleaning
from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.integration

SOURCE = """
#include <stdio.h>
int answer(void) { return puts("42"); }
"""


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cache, Callable[[], None]]:
    """A cache in which zig has its libraries for this target, and what links a module with them."""
    room = tmp_path_factory.mktemp("compiler-cache")
    (room / "answer.c").write_text(SOURCE)
    cache = Cache(room / "cache")

    def linked() -> None:
        flags = ("-Wl,-z,defs",)  # else the C library's symbols may be missing
        zig.link_module(
            "linux-64", [room / "answer.c"], room / "answer.so", flags=flags, what="the answer", cache=cache
        )

    linked()
    return cache, linked


def only(cache: Cache, name: str) -> Path:
    (found,) = (cache.compiler / "o").glob(f"*/{name}")
    return found


@pytest.mark.parametrize(("name", "share"), [("libc.so.6", 2), ("libc_nonshared.a", 2), ("libc.so.6", None)])
def test_the_error_names_the_broken_file_and_what_removes_it(
    link: tuple[Cache, Callable[[], None]], name: str, share: int | None
) -> None:
    cache, linked = link
    file = only(cache, name)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // share] if share else b"")
    with pytest.raises(CompilerCacheBroken) as caught:
        linked()
    assert f"{file}, of zig's own cache, is broken" in caught.value.what
    assert "`kafka-forge clean compiler`" in caught.value.todo
    file.write_bytes(whole)
    linked()


def test_the_room_that_the_error_names_is_one_that_clean_removes() -> None:
    assert [room.path for room in cleaning.named(Cache.default(), ["compiler"])] == [Cache.default().compiler]
