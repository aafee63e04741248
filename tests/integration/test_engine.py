"""The real engine with the embedded base's compiler: what a build may see, how it fails, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from kafka_forge import bases
from kafka_forge.channels import channel
from kafka_forge.engine import engine
from kafka_forge.errors import BuildFailed, ChecksumMismatch, SolveFailed
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.model import Base

pytestmark = pytest.mark.integration

HELLO = """
package: {name: hello, version: "1"}
source: {path: src}
build:
  dynamic_linking: {overlinking_behavior: error, overdepending_behavior: error}
  script: |
    # Nothing of the machine but its userland.
    if command -v gcc make perl python3; then exit 9; fi
    $CC $CPPFLAGS $CFLAGS $LDFLAGS -shared -o libhello.so hello.c -lz
    mkdir -p $PREFIX/lib
    cp libhello.so $PREFIX/lib/
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  host: [zlib]
"""
SOURCE = "#include <zlib.h>\nconst char *hello(void) { return zlibVersion(); }\n"


@pytest.fixture(scope="session")
def base() -> Base:
    return bases.select("embedded", "linux-64", Cache.default(), Silent())


class Bench:
    """A recipe folder, an empty channel, and the engine."""

    def __init__(self, base: Base, folder: Path) -> None:
        self.base = base
        self.recipe = folder / "hello"
        self.channel = folder / "channel"
        self.log = folder / "hello.log"
        (self.recipe / "src").mkdir(parents=True)
        (self.recipe / "src" / "hello.c").write_text(SOURCE)
        channel.prepare(self.channel)

    def build(self, recipe: str) -> Path:
        (self.recipe / "recipe.yaml").write_text(recipe)
        (rendered,) = engine.render(self.recipe, self.base.variants, "linux-64")
        return engine.build(
            rendered,
            channels=[self.channel.as_uri(), self.base.channel],
            channel_dir=self.channel,
            log=self.log,
            cache=Cache.default(),
            hints={},
            progress=Silent(),
        )

    def packages(self) -> list[str]:
        return [path.name for path in self.channel.rglob("*.conda*")]


@pytest.fixture
def bench(base: Base, tmp_path: Path) -> Bench:
    return Bench(base, tmp_path)


def test_what_is_compiled_asks_for_what_it_links_and_for_the_glibc_of_the_sysroot(bench: Bench) -> None:
    made = bench.build(HELLO)
    index = json.loads((bench.channel / "linux-64" / "repodata.json").read_text())["packages.conda"]
    depends = index[made.name]["depends"]
    assert any(spec.startswith("libzlib >=1.3") for spec in depends)
    assert "__glibc >=2.17,<3.0.a0" in depends


def test_a_library_that_no_dependency_brings_is_an_error(bench: Bench) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build(HELLO + "  ignore_run_exports: {from_package: [zlib]}\n")
    assert "Overlinking" in "\n".join(caught.value.details)
    assert bench.packages() == []


def test_a_failed_compile_shows_the_compilers_words_and_names_the_log(bench: Bench) -> None:
    (bench.recipe / "src" / "hello.c").write_text("int hello(void) { return nobody; }\n")
    with pytest.raises(BuildFailed) as caught:
        bench.build(HELLO)
    assert "use of undeclared identifier 'nobody'" in "\n".join(caught.value.details)
    assert caught.value.where == str(bench.log)
    assert "nobody" in bench.log.read_text()
    assert bench.packages() == []


def test_wrong_bytes_are_refused_before_anything_is_built(bench: Bench) -> None:
    wrong = "0" * 64
    url = (bench.recipe / "src" / "hello.c").as_uri()
    with pytest.raises(ChecksumMismatch) as caught:
        bench.build(HELLO.replace("source: {path: src}", f"source: {{url: '{url}', sha256: '{wrong}'}}"))
    assert wrong in "\n".join(caught.value.details)
    assert not bench.log.exists()


def test_a_requirement_that_nobody_has_is_explained(bench: Bench) -> None:
    with pytest.raises(SolveFailed) as caught:
        bench.build(HELLO.replace("host: [zlib]", "host: [zlib, no-such-library >=3]"))
    assert "no-such-library >=3" in "\n".join(caught.value.details)


def test_a_killed_build_leaves_no_process_and_no_package_and_the_next_one_succeeds(bench: Bench) -> None:
    mark = f"86400.{os.getpid()}"
    (bench.recipe / "recipe.yaml").write_text(HELLO.replace("    $CC", f"    sleep {mark}\n    $CC"))
    program = textwrap.dedent(f"""
        from pathlib import Path
        from kafka_forge.engine import engine
        from kafka_forge.ground.paths import Cache
        from kafka_forge.ground.progress import Silent
        (rendered,) = engine.render(Path({str(bench.recipe)!r}), [Path({str(bench.base.variants[0])!r})], "linux-64")
        engine.build(rendered, channels=[{bench.base.channel!r}], channel_dir=Path({str(bench.channel)!r}),
                     log=Path({str(bench.log)!r}), cache=Cache.default(), hints={{}}, progress=Silent())
    """)
    toolkit = subprocess.Popen([sys.executable, "-c", program])
    try:
        _until(lambda: _asleep(mark), "the build script did not begin")
        toolkit.send_signal(signal.SIGKILL)
        toolkit.wait()
        _until(lambda: not _asleep(mark), "the build script outlived the toolkit")
    finally:
        toolkit.kill()
        for process in _asleep(mark):
            process.kill()
    assert bench.packages() == []
    assert bench.build(HELLO).is_file()


def _asleep(mark: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if (each.info["cmdline"] or [])[-1:] == [mark]]


def _until(happened: object, otherwise: str, seconds: float = 60.0) -> None:
    assert callable(happened)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return
        time.sleep(0.1)
    pytest.fail(otherwise)
