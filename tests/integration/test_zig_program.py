"""The toolkit's zig stands at one place, whichever environment it was installed into."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import ziglang

from kafka_forge.ground.zig import zig_program

pytestmark = pytest.mark.integration


def test_the_cache_has_it_whole_at_one_place_and_takes_no_half(tmp_path: Path) -> None:
    compiler = tmp_path / "compiler"
    place = compiler / f"ziglang-{version('ziglang')}"
    (place / "lib").mkdir(parents=True)  # as one that was interrupted would be
    program = zig_program(compiler)
    assert program.parent == place
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == version("ziglang")
    own = Path(ziglang.__file__).parent
    assert {each.relative_to(own) for each in own.rglob("*")} == {each.relative_to(place) for each in place.rglob("*")}
    made = program.stat().st_mtime_ns
    assert zig_program(compiler).stat().st_mtime_ns == made
    assert {each for each in compiler.iterdir() if each.name != ".ziglang.lock"} == {place}
