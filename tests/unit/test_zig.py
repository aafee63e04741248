"""zig, called directly, and as the packages of the base call it."""

from __future__ import annotations

import re
import shlex
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import graph, zig
from kafka_forge.bases.nodes import Site
from kafka_forge.engine import engine
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.ground.zig import zig_program

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = project_root() / "bootstrap" / "recipes" / "zig"


def test_the_cxx_library_is_compiled_as_builds_will_ask_for_it() -> None:
    """With other options zig would compile it again, in the middle of the first build."""
    flags = re.search(r'^export CXXFLAGS="([^$]+)', (FOLDER / "activate-cxx.sh").read_text(), re.MULTILINE)
    assert flags
    given = {*shlex.split(flags[1])} - {"-pipe"}
    given |= {*re.findall(r"-g0|-fno-sanitize=undefined", (FOLDER / "wrapper-cc.sh").read_text())}
    for system in ("linux", "osx", "win"):
        linking = re.search(r'LDFLAGS="([^"]+)"', (FOLDER / system / "activate-cc.sh").read_text())
        assert linking
        assert {*zig._AS_BUILDS} == given | {flag for flag in shlex.split(linking[1]) if not flag.startswith("-W")}


def test_the_sysroots_probe_is_linked_as_builds_link() -> None:
    """With other options zig would compile what it links with once for the probe alone, for half a minute."""
    script = (FOLDER.parent / "sysroot" / "linux" / "build.sh").read_text()
    flags = re.search(r'^flags="([^"]+)"', script, re.MULTILINE)
    assert flags
    assert 'zig cc -target "$TARGET" $flags -shared' in script
    assert {"-O2", "-fno-sanitize=undefined", "-s"} <= {*shlex.split(flags[1])} <= {*zig._AS_BUILDS}


@pytest.mark.parametrize("platform", ["linux-64", "linux-aarch64", "win-64"])
def test_the_cxx_library_is_compiled_when_its_compiler_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(engine, "build", lambda *_, **__: None)
    monkeypatch.setattr(zig, "compile_cxx_library", lambda target, _: compiled.append(target))
    for node in graph.plan(Site(platform, project_root(), Cache(tmp_path), Silent())):
        if node.name.startswith("zig-"):
            node.make()
    assert platform in compiled
    assert len(compiled) == len({*compiled})


def test_of_two_that_begin_at_once_none_takes_the_compiler_away_from_the_other(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=60)

    def begin(_: int) -> tuple[int, bool]:
        both.wait()
        program = zig_program(tmp_path / "compiler")
        return program.parent.stat().st_ino, program.is_file()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(begin, range(2))
    assert first == second == (first[0], True)
