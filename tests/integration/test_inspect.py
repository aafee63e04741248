"""Fresh environments by the real solver and linker, inspection of real binaries, the real librdkafka."""

from __future__ import annotations

import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rattler_build import assemble_package

from kafka_forge import checks, inspection, platforms
from kafka_forge.channels import channel
from kafka_forge.environments import activation, environment
from kafka_forge.errors import BaseUnreachable, InstallFailed, ProbeFailed, SolveFailed
from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.inspection import binaries, paths
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Artifact, Cell, Verdict
from tests import zig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.evidence import BinaryFile, InspectEvidence
    from kafka_forge.values.model import CheckResult, Environment

pytestmark = pytest.mark.integration

HERE = platforms.current()
linux = pytest.mark.skipif(not HERE.startswith("linux"), reason="the kernel's list of loaded files is Linux's")
EMPTY = Contract(promises={})


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def package(
    folder: Path,
    name: str,
    files: dict[str, bytes | Path],
    *,
    depends: Sequence[str] = (),
    version: str = "1.0",
    platform: str = HERE,
) -> Artifact:
    """Make a package from bytes and copied files, put it into a channel, and return it."""
    stage = folder / "stage" / name
    shutil.rmtree(stage, ignore_errors=True)
    for relative, content in files.items():
        target = stage / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    made = assemble_package(
        name, version, platform, "h1_0", folder / "made", files_dir=stage, depends=list(depends), compression_level=1
    )
    file = channel.add(folder / "channel", Path(made.path), platform)
    cell = Cell(name, platform, None, name, version, "h1_0", noarch=False)
    return Artifact(cell, file, sha256_of(file), file.stat().st_size)


def installed(artifact: Artifact, cache: Cache, prefix: Path) -> Environment:
    channels = [str(artifact.path.parents[1])]
    return environment.install(artifact, EMPTY, channels=channels, cache=cache, prefix=prefix, progress=Silent())


def bundled_librdkafka() -> Path:
    """The librdkafka inside the toolkit's own confluent-kafka: a real one, built in a wheel's way."""
    import confluent_kafka

    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    return next(folder.glob("librdkafka*.so*"))


def judged(check: str, arguments: dict[str, Any], evidence: InspectEvidence) -> list[CheckResult]:
    chosen = checks.by_id()[check]
    return list(chosen.judge(chosen.arguments.model_validate(arguments), evidence))


# --- environments ---------------------------------------------------------------------------------------------


def test_the_environment_holds_the_artifact_and_its_dependencies_only(tmp_path: Path, cache: Cache) -> None:
    package(tmp_path, "used", {"lib/used.txt": b"used"})
    package(tmp_path, "unused", {"lib/unused.txt": b"unused"})
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"}, depends=["used >=1"])

    made = installed(artifact, cache, tmp_path / "prefix")

    assert [found.name for found in made.packages] == ["mine", "used"]
    assert (made.prefix / "lib/mine.txt").read_bytes() == b"mine"
    assert made.python is None


def test_a_rebuilt_package_of_the_same_name_is_not_taken_from_any_cache(tmp_path: Path, cache: Cache) -> None:
    old = package(tmp_path, "mine", {"lib/mine.txt": b"old"})
    installed(old, cache, tmp_path / "first")

    new = package(tmp_path, "mine", {"lib/mine.txt": b"new!"})

    assert (installed(new, cache, tmp_path / "second").prefix / "lib/mine.txt").read_bytes() == b"new!"
    with pytest.raises(SolveFailed):
        installed(old, cache, tmp_path / "third")


def test_a_missing_dependency_is_named_by_the_solver(tmp_path: Path, cache: Cache) -> None:
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"}, depends=["nowhere-to-be-found >=2"])

    with pytest.raises(SolveFailed) as failure:
        installed(artifact, cache, tmp_path / "prefix")

    assert "nowhere-to-be-found" in "\n".join(failure.value.details)


def test_a_channel_that_is_not_there_is_named(tmp_path: Path, cache: Cache) -> None:
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"})
    with pytest.raises((BaseUnreachable, SolveFailed)) as failure:
        environment.install(
            artifact, EMPTY, channels=[str(tmp_path / "gone")], cache=cache, prefix=tmp_path / "p", progress=Silent()
        )
    assert "gone" in str(failure.value)


def test_a_damaged_package_is_not_installed(tmp_path: Path, cache: Cache) -> None:
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"})
    data = artifact.path.read_bytes()
    artifact.path.write_bytes(data[: len(data) // 2])  # the index still speaks of the whole file
    with pytest.raises(InstallFailed):
        installed(artifact, cache, tmp_path / "prefix")


def test_a_prefix_that_is_not_empty_is_refused(tmp_path: Path, cache: Cache) -> None:
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"})
    installed(artifact, cache, tmp_path / "prefix")
    with pytest.raises(InstallFailed, match="not empty"):
        installed(artifact, cache, tmp_path / "prefix")


def test_temporary_prefixes_go_and_only_the_dead_are_cleared_away(tmp_path: Path, cache: Cache) -> None:
    artifact = package(tmp_path, "mine", {"lib/mine.txt": b"mine"})
    channels = [str(artifact.path.parents[1])]
    rooms = cache.work / "environments"
    (rooms / "mine-of-a-killed-run" / "prefix").mkdir(parents=True)
    together = threading.Barrier(2, timeout=30)

    def use(_: int) -> Path:
        with environment.fresh(artifact, EMPTY, channels=channels, cache=cache, progress=Silent()) as made:
            together.wait()
            assert (made.prefix / "lib/mine.txt").is_file()
            together.wait()
            return made.prefix

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(use, range(2))

    assert first != second
    with (
        pytest.raises(ZeroDivisionError),
        environment.fresh(artifact, EMPTY, channels=channels, cache=cache, progress=Silent()),
    ):
        _ = 1 / 0
    assert [room for room in rooms.iterdir() if room.is_dir()] == []


def test_activation_scripts_are_read_and_our_library_path_is_not_handed_on(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = b'export FORGE_TEST="$CONDA_PREFIX/ssl"\n'
    artifact = package(tmp_path, "mine", {"etc/conda/activate.d/mine.sh": script})
    made = installed(artifact, cache, tmp_path / "prefix")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")

    seen = activation.variables(made)

    assert seen["FORGE_TEST"] == f"{made.prefix}/ssl"
    assert not {"LD_LIBRARY_PATH", "PYTHONPATH"} & set(seen)
    assert seen["PATH"].startswith(f"{made.prefix}/bin")


# --- binaries -------------------------------------------------------------------------------------------------


def compiled(prefix: Path, target: str, name: str, source: str, *options: str | Path) -> Path:
    """Compile one small library, without its slow start-up code."""
    return zig.compiled(target, source, prefix / name, "-nostdlib", "-shared", *options)


def read_one(prefix: Path, name: str, platform: str) -> BinaryFile:
    return next(iter(binaries.read(prefix, [name], platforms.of(platform))))


PART = "extern int puts(const char *); int part(const char *t) { return puts(t); }\n"
USER = "extern int part(const char *); int user(void) { return part(0); }\n"
WINDOWS_PART = """
__declspec(dllimport) void __stdcall Sleep(unsigned long);
__declspec(dllexport) int part(int t) { Sleep(1); return t; }
int __stdcall DllMainCRTStartup(void *a, unsigned long b, void *c) { return 1; }
"""


def test_elf_says_what_it_needs_and_where_that_is_found(tmp_path: Path) -> None:
    target = "x86_64-linux-gnu.2.17"
    part = compiled(tmp_path, target, "lib/libpart.so.1", PART, "-lc", "-Wl,-soname,libpart.so.1")
    compiled(tmp_path, target, "lib/deep/user.so", USER, part, "-Wl,-rpath,$ORIGIN/..:/usr/local/lib")
    compiled(tmp_path, target, "lib/deep/lost.so", USER, part, "-Wl,-rpath,$ORIGIN/../../..")

    library = read_one(tmp_path, "lib/libpart.so.1", "linux-64")
    user = read_one(tmp_path, "lib/deep/user.so", "linux-64")
    lost = read_one(tmp_path, "lib/deep/lost.so", "linux-64")

    assert (library.kind, library.soname, library.found) == ("elf", "libpart.so.1", {"libc.so.6": "system"})
    assert library.glibc == (2, 2)
    assert user.rpaths == ("$ORIGIN/..", "/usr/local/lib")
    assert user.found == {"libpart.so.1": "lib/libpart.so.1"}
    assert lost.found == {"libpart.so.1": ""}


def test_mach_o_and_pe_are_read_on_any_machine(tmp_path: Path) -> None:
    name = "-Wl,-install_name,@rpath/libpart.1.dylib"
    compiled(tmp_path, "aarch64-macos.11.0", "lib/libpart.1.dylib", PART, "-lSystem", name)
    compiled(tmp_path, "x86_64-windows-gnu", "part.dll", WINDOWS_PART, "-lkernel32")

    dylib = read_one(tmp_path, "lib/libpart.1.dylib", "osx-arm64")
    dll = read_one(tmp_path, "part.dll", "win-64")

    assert (dylib.kind, dylib.soname) == ("macho", "@rpath/libpart.1.dylib")
    assert dylib.found == {"/usr/lib/libSystem.B.dylib": "system"}
    assert (dll.kind, dll.soname) == ("pe", "part.dll")
    assert {library.lower(): place for library, place in dll.found.items()} == {"kernel32.dll": "system"}


def test_what_this_machine_cannot_run_is_inspected_and_not_called_passed(tmp_path: Path, cache: Cache) -> None:
    foreign = "osx-arm64" if HERE != "osx-arm64" else "linux-64"
    target = "aarch64-macos.11.0" if foreign == "osx-arm64" else "x86_64-linux-gnu.2.17"
    library = compiled(tmp_path, target, "part", PART, "-lc")
    name = platforms.of(foreign).librdkafka
    floor = ["__osx >=11.0"] if foreign == "osx-arm64" else ["__glibc >=2.17"]
    artifact = package(tmp_path, "librdkafka", {f"lib/{name}": library}, depends=floor, platform=foreign)

    evidence = inspection.inspect(installed(artifact, cache, tmp_path / "prefix"), EMPTY, progress=Silent())

    assert evidence.probe == {}
    assert judged("rpath-inside-prefix", {}, evidence)[0].verdict is Verdict.PASS
    assert judged("one-librdkafka", {}, evidence)[0].verdict is Verdict.INSPECTED


# --- the running library --------------------------------------------------------------------------------------


@linux
def test_librdkafka_is_loaded_from_the_prefix_and_says_its_version_and_features(tmp_path: Path, cache: Cache) -> None:
    import confluent_kafka

    version = confluent_kafka.libversion()[0]
    files: dict[str, bytes | Path] = {"lib/librdkafka.so.1": bundled_librdkafka()}
    artifact = package(tmp_path, "librdkafka", files, version=version)
    evidence = inspection.inspect(installed(artifact, cache, tmp_path / "prefix"), EMPTY, progress=Silent())

    assert [result.verdict for result in judged("one-librdkafka", {}, evidence)] == [Verdict.PASS]
    assert [result.verdict for result in judged("librdkafka-version", {}, evidence)] == [Verdict.PASS]
    features = evidence.probe["librdkafka"]["features"]
    assert {"ssl", "snappy", "lz4", "zstd"} <= set(features)
    assert judged("features", {"exactly": features}, evidence)[0].verdict is Verdict.PASS
    lacking = judged("features", {"exactly": [*features, "sasl_gssapi"]}, evidence)[0]
    assert (lacking.verdict, "sasl_gssapi" in lacking.summary) == (Verdict.FAIL, True)


@linux
def test_a_copy_that_a_wheel_brings_along_is_found_whatever_its_name(tmp_path: Path, cache: Cache) -> None:
    files: dict[str, bytes | Path] = {"lib/librdkafka.so.1": bundled_librdkafka()}
    made = installed(package(tmp_path, "librdkafka", files), cache, tmp_path / "prefix")
    # The toolkit's own Python, whose confluent-kafka is a wheel, stands in for a client that bundles its library.
    wheel = Contract(promises={"imports": {"modules": ["confluent_kafka"]}})
    evidence = inspection.inspect(replace(made, python=Path(sys.executable)), wheel, progress=Silent())

    result = judged("one-librdkafka", {}, evidence)[0]

    assert result.verdict is Verdict.FAIL
    assert "confluent_kafka.libs" in result.summary


@linux
def test_a_module_that_talks_is_heard_and_an_interpreter_that_crashes_is_no_evidence(
    tmp_path: Path, cache: Cache
) -> None:
    made = installed(package(tmp_path, "mine", {"lib/mine.txt": b"mine"}), cache, tmp_path / "prefix")
    talkative = Contract(promises={"imports": {"modules": ["this", "no_such_module"]}})

    seen = inspection.inspect(replace(made, python=Path(sys.executable)), talkative, progress=Silent())

    answers = seen.probe["imports"]
    assert (answers["this"]["ok"], answers["no_such_module"]["ok"]) == (True, False)
    assert "no_such_module" in answers["no_such_module"]["error"]

    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\necho last words\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    with pytest.raises(ProbeFailed, match="signal 11") as failure:
        inspection.inspect(replace(made, python=crashing), talkative, progress=Silent())
    assert "last words" in failure.value.details


# --- build paths ----------------------------------------------------------------------------------------------

LEAKY = """
package: {name: leaky, version: "1.0"}
build:
  script:
    - mkdir -p $PREFIX/share
    - echo "prefix=$PREFIX/etc" > $PREFIX/share/legal.txt
    - echo "$SRC_DIR/a.c" > $PREFIX/share/work.txt
    - echo "$BUILD_PREFIX/bin/cc" > $PREFIX/share/compiler.txt
    - echo "${PREFIX%/*}/x" > $PREFIX/share/parent.txt
"""


@linux
def test_every_path_of_the_build_is_found_and_the_registered_prefix_is_not(tmp_path: Path) -> None:
    from rattler.package_streaming import extract
    from rattler_build import Stage0Recipe, VariantConfig

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(LEAKY)
    for rendered in Stage0Recipe.from_file(recipe).render(VariantConfig()):
        rendered.run_build(output_dir=tmp_path / "out", channels=[])
    extract(next((tmp_path / "out" / HERE).glob("leaky-*.conda")), tmp_path / "package")

    found = paths.scan(tmp_path / "package", [])

    assert sorted(found) == ["share/compiler.txt", "share/parent.txt", "share/work.txt"]
