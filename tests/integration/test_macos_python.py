"""A Python for macOS out of its jar: nothing of the jar maker's machine is left, and every signature matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import cpython_macos
from kafka_forge.bases.python_locks import Interpreters, Libraries, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.macho import files, signature

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

PLATFORM = "osx-arm64"


def test_a_python_for_macos_is_relocatable_and_signed(tmp_path: Path) -> None:
    root = project_root()
    interpreter = next(each for each in load(Interpreters, root).interpreters if each.python == "3.14")
    jar = Workshop(PLATFORM, root, Cache.default(), Silent()).obtain(interpreter.source(PLATFORM))
    cpython_macos.stage(jar, tmp_path, "3.14", PLATFORM)

    found = dict(files.binaries(tmp_path, PLATFORM))
    assert {"python3.14", "libpython3.14.dylib"} <= {path.name for path in found}
    for path, binary in found.items():
        seen = signature.read(path)
        assert seen is not None, path
        assert seen.problems == (), path
        for library in files.libraries(binary):
            assert library.startswith(("/usr/lib/", "/System/Library/", "@rpath/libpython", "@loader_path/../../lib"))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"/Users/runner" not in path.read_bytes(), path
    needs = cpython_macos.needs(tmp_path, PLATFORM, load(Libraries, root).pins())
    assert any(spec.startswith("zstd ") for spec in needs)
    assert any(spec.startswith("__osx >=") for spec in needs)
