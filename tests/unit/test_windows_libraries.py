"""The names of Windows' own libraries, as import libraries spell them."""

from __future__ import annotations

import fnmatch

import pytest

from kafka_forge.platforms.windows_libraries import patterns


@pytest.mark.parametrize("name", ["KERNEL32.dll", "IPHLPAPI.DLL", "ws2_32.dll", "api-ms-win-crt-stdio-l1-1-0.dll"])
def test_a_library_of_windows_is_known_as_import_libraries_spell_it(name: str) -> None:
    assert any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns())


def test_a_library_that_a_package_brings_is_none_of_windows() -> None:
    assert not any(fnmatch.fnmatchcase("zlib.dll", pattern) for pattern in patterns())
