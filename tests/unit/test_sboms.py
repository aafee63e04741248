"""Bills of materials: what they say, that CycloneDX's own schema takes them, and that one package has one."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from conda_package_streaming.extract import extract
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kafka_forge.bench import toolkit
from kafka_forge.building import bills
from kafka_forge.cli import _run
from kafka_forge.errors import PackageInvalid, RecipeInvalid, SbomDamaged, SbomMissing
from kafka_forge.ground import archives
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import metadata
from kafka_forge.sboms import copied, reading, solve, telling
from kafka_forge.sboms.facts import Role
from kafka_forge.values.model import PLATFORMS, Base
from kafka_forge.values.rendered import Rendered

from . import sbom_house as house

if TYPE_CHECKING:
    from pathlib import Path

RECIPES = sorted(path.parent for path in (project_root() / "recipes").glob("*/recipe.yaml"))


def parts(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in data["components"]}


def said(component: dict[str, Any], name: str) -> list[str]:
    return [each["value"] for each in component["properties"] if each["name"] == f"kafka-forge:{name}"]


# --- what is written --------------------------------------------------------------------------------------------


def test_a_document_is_of_the_schema_and_says_the_same_of_the_same_package() -> None:
    text = house.written()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.decode()) is None
    assert house.written() == text
    data = json.loads(text)
    assert data["metadata"]["timestamp"] == "2023-11-14T22:13:21+00:00"
    other = json.loads(house.written(house.facts(index={**house.INDEX, "build": "h0_8"})))
    assert other["serialNumber"] != data["serialNumber"]


def test_nothing_of_the_machine_stands_in_a_document() -> None:
    text = house.written().decode()
    assert "file:" not in text
    assert "/home/me" not in text
    parted = house.facts(rendered=house.rendered(host=[house.record("zlib", "file:///srv/x"), house.record("openssl")]))
    assert house.written(parted) == text.encode(), "neither where its packages lay, nor in which order they came"


def test_sources_and_patches_are_the_packages_pedigree() -> None:
    pedigree = json.loads(house.written())["metadata"]["component"]["pedigree"]
    (source,) = pedigree["ancestors"]
    assert source["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert [each["url"] for each in source["externalReferences"]] == [house.URL]
    assert source["purl"] == "pkg:github/owner/small@v1.2"
    (patch,) = pedigree["patches"]
    assert patch["diff"] == {"url": "patches/0001-mend.patch"}
    (issue,) = patch["resolves"]
    assert (issue["id"], issue["description"]) == ("KAFKA-1", "Mend it\n\nIt was broken.")
    assert f"sha256:{'2' * 64}" in pedigree["notes"]


def test_packages_say_what_they_have_to_do_with_it() -> None:
    compiler = house.record("zig-cc_linux-64")
    told = house.facts(rendered=house.rendered(build=[compiler, house.record("make"), house.record("zlib")]))
    data = json.loads(house.written(told))
    found = parts(data)
    assert {name: said(each, "role") for name, each in found.items()} == {
        "cJSON": ["copied"],
        "make": ["build"],
        "openssl": ["host"],
        "zig-cc_linux-64": ["compiler"],
        "zlib": ["build", "host"],
    }
    runs = {name for name, each in found.items() if each["scope"] == "required"}
    assert runs == {"cJSON", "openssl"}, "what is in it, and what it runs with"
    assert found["zlib"]["hashes"][0]["content"] == "3" * 64
    assert "hashes" not in found["openssl"]
    assert said(found["openssl"], "made-from") == [house.KEY]
    assert said(found["cJSON"], "file") == ["src/cJSON.c"]
    tools = {each["name"]: each["version"] for each in data["metadata"]["tools"]["components"]}
    assert tools["rattler-build"] == "0.73.0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MIT", {"license": {"id": "MIT"}}),
        ("Apache-2.0 WITH LLVM-exception", {"expression": "Apache-2.0 WITH LLVM-exception"}),
        ("LicenseRef-public-domain", {"expression": "LicenseRef-public-domain"}),
        ("Some words", {"license": {"name": "Some words"}}),
    ],
)
def test_licenses_are_in_the_words_of_spdx_where_they_can_be(text: str, told: dict[str, Any]) -> None:
    records = [house.record("zlib", license=text)]
    data = json.loads(house.written(house.facts(rendered=house.rendered(host=records))))
    assert parts(data)["zlib"]["licenses"] == [told]


def test_a_recipe_may_have_no_environment_and_no_source() -> None:
    bare = house.facts(rendered=house.rendered(host=[]), sources=(), index={**house.INDEX, "depends": []})
    assert solve.read(bare.rendered) == ("0.73.0", ())
    data = json.loads(house.written(bare, reasons=(), pieces=()))
    assert reading.wrong(data, bare.index) == []
    assert "sources:\n  none" in "\n".join(telling.lines(data))


# --- in the package ---------------------------------------------------------------------------------------------


def test_the_document_stands_in_the_package_and_the_engines_recipe_does_not(tmp_path: Path) -> None:
    package = house.finished(tmp_path)
    found = {entry.name for entry in archives.entries(package)}
    assert "info/sboms/small.cdx.json" in found
    assert not any(name.startswith("info/recipe") for name in found)
    extract(package, tmp_path / "unpacked")
    paths = json.loads((tmp_path / "unpacked" / "info" / "paths.json").read_text(encoding="utf-8"))["paths"]
    assert paths == [], "what is linked into a prefix is listed there (CEP 34), and this is not"
    assert metadata.read(tmp_path / "unpacked", tmp_path, ())["sbom"] == {
        "file": "info/sboms/small.cdx.json",
        "problems": [],
        "has": {"sources": 1, "patches": 1, "copied": 1, "host": 2},
    }
    assert reading.read(package).text.encode() == house.written()


def without(package: Path, target: Path, change: bytes | None = None) -> Path:
    """Copy a package without its document, or with another in its place."""
    from conda_package_streaming.create import conda_builder

    with conda_builder(target.stem, target.parent) as archive:
        for entry in archives.entries(package):
            content = change if entry.name.startswith("info/sboms/") else entry.read()
            if content is not None and entry.kind is archives.Kind.FILE:
                member = tarfile.TarInfo(entry.name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return target


def test_a_package_without_a_document_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = without(house.finished(tmp_path), tmp_path / "bare-1-0.conda")
    with pytest.raises(SbomMissing, match=r"info/sboms/small\.cdx\.json"):
        reading.read(bare)
    assert _run(["sbom", str(bare)], debug=False) == 11
    assert "KF138" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: {**data, "bomFormat": "SPDX"}, "no CycloneDX document"),
        (lambda data: {**data, "specVersion": "1.4"}, "older than 1.6"),
        (lambda data: {**data, "metadata": {}}, "is not as in each of these documents"),
        (lambda data: {**data, "components": [data["components"][0]] * 2}, "stands for two components"),
        (lambda data: with_subject(data, version="1.3"), "it is about small 1.3, and the package is small 1.2"),
        (
            lambda data: with_subject(data, purl="pkg:conda/small@1.2?build=h0_0&subdir=linux-64"),
            "is of build h0123456_7",
        ),
        (lambda data: with_subject(data, properties=[]), "what it says that the package depends on"),
        (lambda data: with_subject(data, pedigree={"ancestors": []}), "it names no source"),
        (lambda data: with_pedigree(data, "ancestors", "hashes", []), "the source v1.2.tar.gz has no sha256"),
        (
            lambda data: with_pedigree(data, "patches", "resolves", [{}]),
            "no reason is given for patches/0001-mend.patch",
        ),
    ],
)
def test_a_document_that_cannot_be_relied_on_is_refused(tmp_path: Path, change: Any, why: str) -> None:
    changed = json.dumps(change(json.loads(house.written()))).encode()
    package = without(house.finished(tmp_path), tmp_path / "changed-1-0.conda", changed)
    with pytest.raises(SbomDamaged) as told:
        reading.read(package)
    assert why in "\n".join(told.value.details)


def with_subject(data: dict[str, Any], **changed: Any) -> dict[str, Any]:
    data["metadata"]["component"].update(changed)
    return data


def with_pedigree(data: dict[str, Any], part: str, key: str, value: Any) -> dict[str, Any]:
    data["metadata"]["component"]["pedigree"][part][0][key] = value
    return data


def test_what_is_no_package_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut, text = tmp_path / "cut.conda", tmp_path / "text.conda"
    cut.write_bytes(house.finished(tmp_path).read_bytes()[:200])
    text.write_text("no package", encoding="utf-8")
    for file in (cut, text, tmp_path / "absent.conda"):
        with pytest.raises(PackageInvalid):
            reading.read(file)
        assert _run(["sbom", str(file)], debug=False) == 11
        assert "KF125" in capsys.readouterr().err


def test_the_command_shows_a_table_or_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = house.finished(tmp_path)
    assert _run(["sbom", str(package)], debug=True) == 0
    shown = capsys.readouterr().out
    for words in ("small 1.2", "1" * 64, "Mend it", "KAFKA-1", "cJSON", "made from abababab", "rattler-build"):
        assert words in shown
    assert _run(["sbom", str(package), "--json"], debug=True) == 0
    assert capsys.readouterr().out.encode() == house.written()


# --- what a recipe says of copies -------------------------------------------------------------------------------

COPY = "copied: [{name: x, license: MIT, files: [src/x.c], text: LICENSE.x, says: {src/x.c: 'version 2'}}]\n"
GOOD = {"LICENSE": "ours", "LICENSE.x": "theirs", "src/x.c": "/* version 2 */", "src/license.py": "code"}


def archive(folder: Path, files: dict[str, str]) -> Path:
    target = folder / "source.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"small-1.2/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return target


def checked(folder: Path, text: str, files: dict[str, str]) -> None:
    (folder / copied.NAME).write_text(text, encoding="utf-8")
    copies = copied.load(folder, "linux-64")
    assert copies is not None
    copied.check(copies, [archive(folder, files)], folder / copied.NAME)


def test_what_a_recipe_says_of_copies_is_held_against_its_sources(tmp_path: Path) -> None:
    checked(tmp_path, COPY, GOOD)
    checked(tmp_path, COPY + "not_in_it: {doc/COPYING: of the manual}\n", {**GOOD, "doc/COPYING": "theirs"})


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        (COPY, {"LICENSE.x": "", "src/y.c": ""}, "x: the sources have no src/x.c"),
        (COPY, {**GOOD, "src/x.c": "/* version 3 */"}, "x: src/x.c does not say 'version 2'"),
        (COPY, {**GOOD, "LICENSE.y": ""}, "LICENSE.y is the text of a license: of what?"),
        (COPY, {**GOOD, "deps/z/LICENSE": ""}, "deps/z/LICENSE is the text of a license"),
        (COPY + "not_in_it: {NOTICE: gone}\n", GOOD, "not_in_it: the sources have no NOTICE"),
        ("copied: [{name: x, license: Mine, files: [a]}]", GOOD, "copied.0.license"),
        ("copied: [{name: x, license: MIT}]", GOOD, "copied.0.files"),
        ("copied: [", GOOD, ""),
    ],
)
def test_what_no_longer_fits_the_sources_ends_a_build(
    tmp_path: Path, text: str, files: dict[str, str], why: str
) -> None:
    with pytest.raises(RecipeInvalid) as told:
        checked(tmp_path, text, files)
    assert why in "\n".join(told.value.details)
    assert "CONTRIBUTING.md" in told.value.todo


@pytest.mark.parametrize("recipe", RECIPES, ids=[path.name for path in RECIPES])
def test_every_recipe_with_an_archive_says_what_is_copied_into_it(recipe: Path) -> None:
    found = [copied.load(recipe, platform) for platform in PLATFORMS]
    assert all(found) or "path:" in (recipe / "recipe.yaml").read_text(encoding="utf-8")


# --- a cell's bill ----------------------------------------------------------------------------------------------


def bill(folder: Path, platform: str = "linux-64", **variant: str) -> bills.RecipeBill:
    (folder / "patches").mkdir()
    patch = "From: a <b@c>\nSubject: [PATCH] Mend it\n\nWhy.\n\nAnswers: a/b#1, #2\n---\ndiff --git a/x b/x\n"
    (folder / "patches" / "0001-mend.patch").write_text(patch, encoding="utf-8")
    rendered = Rendered(
        recipe_dir=folder,
        variant_files=(),
        platform=platform,
        name="small",
        version="1.2",
        build="h0_7",
        noarch=False,
        python=None,
        variant=variant,
        sources=(),
        requirements={},
    )
    return bills.RecipeBill(rendered, Base("embedded", house.HERE, (), "asked for"), folder / "output")


def test_a_bill_names_each_issue_of_a_patch_and_what_zig_links_in(tmp_path: Path) -> None:
    data = json.loads(bill(tmp_path, c_compiler="zig-cc", cxx_compiler="zig-cxx").write(house.facts()))
    (patch,) = data["metadata"]["component"]["pedigree"]["patches"]
    assert {each["id"]: each["references"] for each in patch["resolves"]} == {
        "a/b#1": ["https://github.com/a/b/issues/1"],
        "a/b#2": ["https://github.com/a/b/issues/2"],
    }
    linked = {name: each for name, each in parts(data).items() if said(each, "role") == [str(Role.LINKED)]}
    assert set(linked) == {"compiler-rt", "glibc", "libc++"}
    assert linked["libc++"]["version"].count(".") == 2


@pytest.mark.parametrize(
    ("platform", "more"),
    [
        ("linux-aarch64", {"glibc"}),
        ("osx-arm64", set()),
        ("win-64", {"mingw-w64 runtime"}),
        ("linux-ppc64le", {"glibc", "kafka-forge"}),
    ],
)
def test_what_zig_links_in_is_another_on_each_system(tmp_path: Path, platform: str, more: set[str]) -> None:
    made = bill(tmp_path, platform, c_compiler="zig-cc", cxx_compiler="zig-cxx")
    assert {each.name for each in bills._linked_in(made.rendered)} == {"compiler-rt", "libc++", *more}


def test_of_other_compilers_nothing_is_said_to_be_linked_in(tmp_path: Path) -> None:
    assert not list(bills._linked_in(bill(tmp_path, c_compiler="gcc").rendered))


def test_where_a_package_is_from_is_the_same_on_every_machine(tmp_path: Path) -> None:
    made, channel = bill(tmp_path), tmp_path / "base" / "channel"
    note = channel / ".keys" / "linux-64"
    note.mkdir(parents=True)
    (note / "openssl.json").write_text(json.dumps({"key": house.KEY}), encoding="utf-8")
    (note / "make.json").write_text(json.dumps({"key": "h0_0"}), encoding="utf-8")
    records = [
        house.record("openssl", channel.as_uri()),
        house.record("make", channel.as_uri()),
        house.record("librdkafka", made.output.as_uri()),
        house.record("zlib", "https://me:word@example.org/t/secret/forge"),
    ]
    _, solved = solve.read(house.rendered(host=records))
    found = {each.name: made._origin(each) for each in solved}
    assert (found["openssl"].sha256, found["openssl"].made_from) == (None, house.KEY)
    assert (found["make"].sha256, found["make"].made_from) == ("3" * 64, None)
    assert found["librdkafka"].sha256 == "3" * 64
    assert (found["zlib"].channel, found["zlib"].sha256) == ("forge", "3" * 64)
    assert "me:word" not in repr(found)
    assert "secret" not in repr(found)


def test_what_a_bill_costs_is_measured_of_artifacts_that_stand(tmp_path: Path) -> None:
    output = tmp_path / "output"
    (output / "linux-64").mkdir(parents=True)
    notes = output / ".notes" / "linux-64"
    notes.mkdir(parents=True)
    house.finished(tmp_path).rename(output / "linux-64" / "small.conda")
    for name, note in (("small", {"bill_seconds": 0.25}), ("gone", {"bill_seconds": 9.0}), ("older", {})):
        (notes / f"{name}.conda.json").write_text(json.dumps(note), encoding="utf-8")
    (output / "linux-64" / "older.conda").touch()
    (figure,) = toolkit._bills(output)
    assert (figure.runs, figure.goal, figure.unit) == (1, 1.0, "s")
    assert figure.median >= 0.25
    assert toolkit._bills(tmp_path / "nothing") == []


def test_a_bill_counts_its_own_time(tmp_path: Path) -> None:
    made = bill(tmp_path)
    made.look([])
    made.write(house.facts())
    assert made.seconds > 0


def test_a_copy_is_at_home_in_its_own_project() -> None:
    """A purl is made of home and version: that of who handed it on would be another project's release."""
    for file in (project_root() / "recipes").glob(f"*/{copied.NAME}"):
        copies = copied.load(file.parent, "win-64")
        assert copies is not None
        for piece in copies.pieces():
            project = piece.home.rpartition("/")[2].lower() if "//github.com/" in piece.home else ""
            assert not project or project in piece.name.lower().replace("minilibs regexp", "minilibs"), piece.name
