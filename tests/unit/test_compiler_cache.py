"""Which failures of builds are a broken file's of zig's own cache, by what was said and by what lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.ground import compiler_cache

if TYPE_CHECKING:
    from pathlib import Path

HASH = "b379798b5139d9d3b0781fb8df5a4a21"
SAID = (  # by zig 0.17.1's linker, of files that were cut in half
    "{}: section header table goes past the end of the file: e_shoff = 0x23250",
    "{}: Archive::children failed: truncated or malformed archive (offset to next archive member past the end of it)",
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "o" / HASH).mkdir(parents=True)
    (tmp_path / "o" / HASH / "libc.so.6").write_bytes(b"\x7fELF")
    return tmp_path


@pytest.mark.parametrize("said", SAID)
def test_a_file_of_the_cache_that_the_linker_complains_of_is_named(cache: Path, said: str) -> None:
    file = str(cache / "o" / HASH / "libc.so.6")
    assert compiler_cache.broken(cache, ["warning", f"ld.lld: error: {said.format(file)}"]) == file


@pytest.mark.parametrize(
    "line",
    [
        "ld.lld: error: undefined symbol: printf",
        "ld.lld: error: {cache}/o/0/m.o: relocation R_X86_64_32 cannot be used against local symbol",
        "ld.lld: error: /elsewhere/libfoo.a: truncated or malformed archive",
        "note: {cache}/o/0/libc.so.6: section header table goes past the end of the file",
    ],
)
def test_other_failures_are_not_the_caches(cache: Path, line: str) -> None:
    assert compiler_cache.broken(cache, [line.format(cache=cache)]) is None


def test_an_empty_file_of_the_cache_is_named_whatever_was_said(cache: Path) -> None:
    file = cache / "o" / HASH / "libc.so.6"
    file.write_bytes(b"")
    assert compiler_cache.broken(cache, ["ld.lld: error: undefined symbol: printf"]) == str(file)


def test_a_cache_that_is_not_there_is_not_broken(tmp_path: Path) -> None:
    assert compiler_cache.broken(tmp_path / "none", []) is None
