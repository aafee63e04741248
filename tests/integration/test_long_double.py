"""C++ for linux-ppc64le on the embedded base: it asks for nothing of a glibc that is newer than the base's floor."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import lief
import pytest

from kafka_forge import emulators, platforms
from kafka_forge.ground import long_double, userland
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,  # zig compiles its C++ library for the processor first
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base builds on linux-64"),
]

STREAMS = """
#include <iostream>
#include <sstream>
int main() {
    std::ostringstream text;
    text << 7 << " " << 1.5;
    std::cout << text.str() << std::endl;
}
"""


def test_zigs_c_plus_plus_library_is_linked_with_what_every_glibc_has(tmp_path: Path) -> None:
    cache = Cache.default()
    variables = userland.environment(tmp_path / "bin", cache)
    (tmp_path / "streams.cpp").write_text(STREAMS, encoding="utf-8")
    options = ["-target", long_double.TARGET, "-O2", "-g0", "-fno-sanitize=undefined"]
    zig = tmp_path / "bin" / "zig"
    for steps in (["-c", "streams.cpp", "-o", "streams.o"], ["streams.o", "-o", "streams"]):
        done = subprocess.run(
            [zig, "c++", *options, *steps], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    binary = lief.ELF.parse(tmp_path / "streams")
    assert isinstance(binary, lief.ELF.Binary)
    assert [each.name for each in binary.imported_symbols if "ieee128" in str(each.name)] == []
    runner = emulators.runner("linux-ppc64le", cache, Silent())
    assert runner is not None
    ran = subprocess.run(runner.command([tmp_path / "streams"]), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "7 1.5\n"), ran.stderr
