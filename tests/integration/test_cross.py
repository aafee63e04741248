"""Building for another platform with the real engine, and running what came of it under the real emulator."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kafka_forge import emulators, platforms
from kafka_forge.bases import embedded
from kafka_forge.channels import channel
from kafka_forge.channels.solving import solve
from kafka_forge.engine import engine
from kafka_forge.environments.environment import link
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.inspection import binaries

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.runner import Runner

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),  # it compiles what the base of another platform lacks
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base's tools are for linux-64"),
]

TARGET = "linux-aarch64"
RECIPE = """
package: {name: hello, version: "1"}
source: {path: src}
build:
  dynamic_linking: {overlinking_behavior: error, overdepending_behavior: error}
  script: |
    test "$build_platform" != "$target_platform"
    mkdir -p $PREFIX/bin
    $CC $CPPFLAGS $CFLAGS $LDFLAGS -o $PREFIX/bin/hello hello.c -lz
    $CC_FOR_BUILD -o native hello-native.c && test "$(./native)" = native
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  host: [zlib]
"""
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "crash")) abort();
    printf("%zu %s\\n", sizeof(void *), zlibVersion());
    return 0;
}
"""
NATIVE = '#include <stdio.h>\nint main(void) { puts("native"); return 0; }\n'


@pytest.fixture(scope="module")
def runner() -> Runner:
    found = emulators.runner(TARGET, Cache.default(), Silent())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix of the target in which a program stands that was built here."""
    folder, cache = tmp_path_factory.mktemp("cross"), Cache.default()
    base = embedded.ensure(TARGET, cache, Silent(), only=[f"{TARGET}/zlib"])
    (folder / "hello" / "src").mkdir(parents=True)
    (folder / "hello" / "recipe.yaml").write_text(RECIPE)
    (folder / "hello" / "src" / "hello.c").write_text(PROGRAM)
    (folder / "hello" / "src" / "hello-native.c").write_text(NATIVE)
    output = folder / "channel"
    channel.prepare(output)
    (rendered,) = engine.render(folder / "hello", base.variants, TARGET)
    channels = [output.as_uri(), base.channel]
    engine.build(
        rendered,
        channels=channels,
        channel_dir=output,
        log=folder / "log",
        cache=cache,
        hints={},
        progress=Silent(),
    )
    link(solve(["hello"], channels, TARGET, what="hello"), TARGET, cache, folder / "prefix")
    return folder / "prefix"


def test_what_is_built_for_another_processor_is_for_that_processor(prefix: Path) -> None:
    import lief

    program = lief.ELF.parse(str(prefix / "bin" / "hello"))
    assert program is not None
    assert program.header.machine_type == lief.ELF.ARCH.AARCH64
    (read,) = binaries.read(prefix, ["bin/hello"], platforms.of(TARGET))
    assert read.found["libz.so.1"] == "lib/libz.so.1"
    assert read.glibc is not None
    assert read.glibc <= (2, 17)


def test_it_runs_here_under_the_emulator(prefix: Path, runner: Runner) -> None:
    command = runner.command([prefix / "bin" / "hello"])
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "8 1.3.1\n"


def test_a_program_that_crashes_is_not_taken_for_a_crash_of_the_emulator(prefix: Path, runner: Runner) -> None:
    command = runner.command([prefix / "bin" / "hello", "crash"])
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    runner.check(done.returncode, done.stderr.splitlines(), "hello")
