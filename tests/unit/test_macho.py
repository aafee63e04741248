"""Mach-O files, as zig links them here for Apple's processors: signatures, symbols, the macOS they run on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import variants, zig
from kafka_forge.checks import by_id
from kafka_forge.engine import engine
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import binaries
from kafka_forge.macho import bundle, files, signature, stubs
from kafka_forge.platforms import of
from kafka_forge.values.evidence import BinaryFile, InspectEvidence
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict
from tests.zig import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.values.model import CheckResult

PLATFORM = "osx-arm64"
NEEDED = '#include <stdio.h>\nint needed(void) { return puts("needed"); }\n'
CALLER = "int needed(void);\nint absent(void);\nint caller(void) { return needed() + absent(); }\n"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with two libraries: libcaller takes a symbol that libneeded has, and one that it does not have."""
    folder: Path = tmp_path_factory.mktemp("prefix")
    (folder / "lib").mkdir()
    link(folder, "libneeded.dylib", NEEDED)
    link(folder, "liball.dylib", NEEDED + "int absent(void) { return 1; }\n", name="libneeded.dylib")
    link(folder, "libcaller.dylib", CALLER, "lib/liball.dylib")
    (folder / "lib" / "liball.dylib").unlink()
    return folder


def link(folder: Path, library: str, source: str, *inputs: str, name: str = "") -> None:
    options = ["-shared", "-s", f"-Wl,-install_name,@rpath/{name or library}", "-Wl,-rpath,@loader_path/"]
    places = [folder / each for each in inputs]
    compiled("aarch64-macos.11.0", source, folder / "lib" / library, *options, *places)


def test_a_files_uuid_is_of_its_own_bytes_and_not_of_the_folders_that_it_was_linked_in(tmp_path: Path) -> None:
    made = []
    for where in ("here", "another/place"):
        (tmp_path / where / "lib").mkdir(parents=True)
        link(tmp_path / where, "libneeded.dylib", NEEDED)
        made.append(tmp_path / where / "lib" / "libneeded.dylib")
    here, there = made
    at = here.read_bytes().index(b"\x1b\0\0\0\x18\0\0\0") + 8  # LC_UUID and its size
    other = bytearray(there.read_bytes())
    other[at : at + 16] = bytes(range(16))  # as the linker makes it of a search path that is made relative afterwards
    there.write_bytes(other)
    for path in made:
        signature.identify(path)
        signature.renew(path)
    assert here.read_bytes() == there.read_bytes()
    assert uuid.UUID(bytes=here.read_bytes()[at : at + 16]).version == 3
    seen = signature.read(here)
    assert seen is not None
    assert not seen.problems
    again = here.read_bytes()
    signature.identify(here)
    assert here.read_bytes() == again


def judge(check: str, prefix: Path, names: Sequence[str], variant: dict[str, str] | None = None) -> CheckResult:
    found: tuple[BinaryFile, ...] = tuple(binaries.read(prefix, [f"lib/{name}" for name in names], of(PLATFORM)))
    cell = Cell("librdkafka", PLATFORM, None, "librdkafka", "2.14.2", "h0_0", noarch=False)
    environment = Environment(Artifact(cell, prefix / "a.conda", "0" * 64, 1), prefix, None, ())
    evidence = InspectEvidence(environment, (), found, {}, ("__osx >=11.0",), {}, 0.0, variant=variant or {})
    rule = by_id()[check]
    (result,) = rule.judge(rule.arguments.model_validate({}), evidence)
    return result


def test_the_linkers_signature_matches_until_a_byte_changes(prefix: Path, tmp_path: Path) -> None:
    path = tmp_path / "lib" / "libneeded.dylib"
    path.parent.mkdir()
    path.write_bytes((prefix / "lib" / "libneeded.dylib").read_bytes())
    found = signature.read(path)
    assert found is not None
    assert found.ad_hoc
    assert found.pages > 1
    assert judge("signature-valid", tmp_path, ["libneeded.dylib"]).verdict is Verdict.PASS

    data = path.read_bytes()
    path.write_bytes(data.replace(b"@loader_path/\0", b"@loader_path\0\0"))
    result = judge("signature-valid", tmp_path, ["libneeded.dylib"])
    assert result.verdict is Verdict.FAIL
    assert f"1 of {found.pages} pages are not what was signed, the first is page 0" in result.summary

    signature.renew(path)
    assert judge("signature-valid", tmp_path, ["libneeded.dylib"]).verdict is Verdict.PASS


def test_a_library_without_signature_does_not_load_on_apples_processors(prefix: Path, tmp_path: Path) -> None:
    path = tmp_path / "lib" / "libneeded.dylib"
    path.parent.mkdir()
    data = (prefix / "lib" / "libneeded.dylib").read_bytes()
    path.write_bytes(data.replace(b"\x1d\0\0\0\x10\0\0\0", b"\x29\0\0\0\x10\0\0\0"))  # LC_CODE_SIGNATURE, another one
    result = judge("signature-valid", tmp_path, ["libneeded.dylib"])
    assert result.verdict is Verdict.FAIL
    assert "has no signature" in result.summary


def test_symbols_are_looked_for_where_they_are_taken_from(prefix: Path) -> None:
    assert judge("symbols-exist", prefix, ["libneeded.dylib"]).verdict is Verdict.PASS
    result = judge("symbols-exist", prefix, ["libneeded.dylib", "libcaller.dylib"])
    assert result.verdict is Verdict.FAIL
    assert result.summary == "lib/libcaller.dylib: @rpath/libneeded.dylib does not export _absent"


def test_a_function_that_came_later_is_not_there_on_the_oldest_macos(prefix: Path) -> None:
    source = 'char *strchrnul(const char *, int);\nchar *late(void) { return strchrnul("late", 0); }\n'
    link(prefix, "liblate.dylib", source)
    result = judge("symbols-exist", prefix, ["liblate.dylib"])
    assert result.verdict is Verdict.FAIL
    assert result.summary == "lib/liblate.dylib: _strchrnul came with macOS 15.4 only"


def test_the_sdks_stubs_tell_what_macos_has() -> None:
    exported = stubs.exports("osx-64")
    assert {"_puts", "_pthread_create", "dyld_stub_binder"} <= exported
    assert "_rd_kafka_new" not in exported


def test_the_macos_that_is_linked_for_and_declared_is_the_one_of_the_base(prefix: Path) -> None:
    base = {"c_stdlib": "macosx_deployment_target", "c_stdlib_version": "11.0"}
    assert judge("macos-floor", prefix, ["libneeded.dylib"], base).verdict is Verdict.PASS
    result = judge("macos-floor", prefix, ["libneeded.dylib"], {**base, "c_stdlib_version": "10.13"})
    assert result.verdict is Verdict.FAIL
    assert result.summary == "lib/libneeded.dylib is linked for 11.0; the package declares 11.0 __osx"
    assert files.needs(prefix, PLATFORM).virtual() == ("__osx >=11.0",)


@pytest.mark.parametrize("variant", [{}, {"c_stdlib": "sysroot", "c_stdlib_version": "11.0"}])
def test_a_package_that_does_not_say_what_its_base_compiles_for_keeps_no_promise(
    prefix: Path, variant: dict[str, str]
) -> None:
    result = judge("macos-floor", prefix, ["libneeded.dylib"], variant)
    assert result.verdict is Verdict.FAIL
    assert "does not say for which macosx_deployment_target it was built" in result.summary


def test_the_embedded_base_compiles_for_the_macos_that_conda_forge_compiles_for() -> None:
    ours = project_root() / "recipes" / "variants.yaml"
    for platform in ("osx-64", "osx-arm64"):
        recipe = project_root() / "recipes" / "librdkafka"
        (there,) = engine.render(recipe, [ours], platform)
        (here,) = engine.render(recipe, [ours, *variants("embedded", project_root())], platform)
        assert here.variant["c_stdlib_version"] == there.variant["c_stdlib_version"]
        assert zig.TARGETS[platform].endswith(f"-macos.{here.variant['c_stdlib_version']}")


def test_a_library_becomes_a_bundle_without_a_name(prefix: Path, tmp_path: Path) -> None:
    path = tmp_path / "lib" / "module.so"
    path.parent.mkdir()
    path.write_bytes((prefix / "lib" / "libcaller.dylib").read_bytes())
    bundle.make(path)
    (found,) = binaries.read(tmp_path, ["lib/module.so"], of(PLATFORM))
    assert found.soname is None
    assert found.needed == ("/usr/lib/libSystem.B.dylib", "@rpath/libneeded.dylib")
    assert found.rpaths == ("@loader_path/",)
    ((_, binary),) = files.binaries(tmp_path, PLATFORM)
    assert binary.header.file_type.name == "BUNDLE"
    assert judge("signature-valid", tmp_path, ["module.so"]).verdict is Verdict.PASS
