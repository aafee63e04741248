"""`matrix --against`: feedstocks of every kind, in the shape of conda-forge's pinning of November 2026."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kafka_forge.cli import _run
from kafka_forge.errors import FeedstockInvalid, NothingSelected, RecipeInvalid
from kafka_forge.feedstocks import ci_support, feedstock_matrix, feedstock_recipe
from kafka_forge.planning import conda_forge, plan
from kafka_forge.values.model import PLATFORMS
from kafka_forge.values.selection import Selection

from .feedstocks import COMPILERS, CXX, LIBRARIES, MIGRATING, PYTHONS, Feedstock

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
UNKNOWN_THERE = ("dask-kafka-ranges",)
"""Recipes of what no feedstock of conda-forge has."""
ALL = ("all",)
OURS = YAML(typ="safe").load((ROOT / "recipes" / "variants.yaml").read_text(encoding="utf-8"))
V0_PLATFORMS = ("linux-64", "osx-64", "osx-arm64", "win-64")


def version(recipe: str) -> str:
    (found, *_) = plan.plan(Selection((recipe,), ("linux-64",)), root=ROOT, variants=())
    return found.cell.version


def number(recipe: str) -> int:
    data = YAML(typ="safe").load((ROOT / "recipes" / recipe / "recipe.yaml").read_text(encoding="utf-8"))
    found = data["build"]["number"]
    assert isinstance(found, int)
    return found


def against(feedstock: Feedstock, *, same: bool, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Run the command as a user does; return the differences."""
    assert _run(["matrix", "--against", str(feedstock.folder), "--json"], debug=same) == (0 if same else 3)
    found = json.loads(capsys.readouterr().out)["differences"]
    assert isinstance(found, list)
    return found


def told(differences: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """What differs, without the note."""
    keys = ("kind", "platform", "python", "key", "ours", "theirs")
    return {tuple(str(each[key] or "") for key in keys) for each in differences}


def pythons_apart(theirs: Iterable[str], platforms: Iterable[str]) -> set[tuple[str, ...]]:
    """The Pythons of which only one of the two is built for, on platforms that both build for."""
    apart: set[tuple[str, ...]] = set()
    for value in set(theirs) ^ set(OURS["python"]):
        label = ci_support.python_of({"python": value})
        sides = ("", "built") if value in theirs else ("built", "")
        apart |= {("python", platform, label, "", *sides) for platform in platforms}
    return apart


def librdkafka(folder: Path, *, v1: bool = True) -> Feedstock:
    feedstock = Feedstock(folder / "librdkafka-feedstock")
    for platform in PLATFORMS:
        system = platform.partition("-")[0]
        keys = {**COMPILERS[system], **CXX[system], **LIBRARIES}
        feedstock.build(platform, keys if v1 else {**keys, "librdkafka": "2.15"}, v1=v1)
    return feedstock


def test_librdkafka_with_a_v1_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = librdkafka(tmp_path).recipe("librdkafka", version("librdkafka"), 0)
    assert against(feedstock, same=True, capsys=capsys) == []
    assert _run(["matrix", "--against", str(feedstock.folder)], debug=True) == 0
    assert capsys.readouterr().out == "librdkafka: the same 6 builds: platforms, Pythons and pins\n"


def test_librdkafka_with_a_v0_recipe_that_is_newer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = librdkafka(tmp_path, v1=False).recipe("librdkafka", "99.15.1", 3, v1=False)
    for file in (feedstock.folder / ".ci_support").glob("*.yaml"):
        file.write_text(file.read_text(encoding="utf-8").replace("'2.15'", "'99.15'"), encoding="utf-8")
    here = version("librdkafka")
    assert told(against(feedstock, same=False, capsys=capsys)) == {
        ("version", "", "", "", here, "99.15.1"),
        ("version", "", "", "librdkafka", here, "99.15"),
    }


def test_kafka_python_which_is_noarch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = Feedstock(tmp_path / "kafka-python-feedstock").recipe("kafka-python", "2.3.0", 0)
    feedstock.build("linux-64", {"python_min": "3.11"}, noarch=True)
    assert "target_platform" not in (feedstock.folder / ".ci_support" / "linux_64_.yaml").read_text(encoding="utf-8")
    assert against(feedstock, same=True, capsys=capsys) == []


def test_kafka_python_as_it_was_with_a_v0_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = Feedstock(tmp_path / "kafka-python-feedstock").recipe("kafka-python", "2.0.2", 0, v1=False)
    feedstock.build("linux-64", {"python_min": "3.9", "cdt_name": "conda"}, v1=False, noarch=True)
    assert told(against(feedstock, same=False, capsys=capsys)) == {
        ("pin", "linux-64", "any", "python_min", "3.11", "3.9")
    }


def test_python_confluent_kafka_with_both_migrations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = Feedstock(tmp_path / "python-confluent-kafka-feedstock")
    feedstock.recipe("python-confluent-kafka", version("python-confluent-kafka"), 1)
    theirs = [*PYTHONS, *MIGRATING.values()]
    feedstock.builds(PLATFORMS, theirs, {}, v1=True)
    for name, python in MIGRATING.items():
        feedstock.migration(name, "python", python)
    expected = pythons_apart(theirs, PLATFORMS)
    found = against(feedstock, same=not expected, capsys=capsys)
    assert told(found) == expected
    assert {each["note"] for each in found} <= {f"by the migration {name}" for name in MIGRATING}


def test_pykafka_with_a_v0_recipe_that_knows_fewer_platforms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feedstock = Feedstock(tmp_path / "pykafka-feedstock").recipe("pykafka", "2.8.0", 1004, v1=False)
    feedstock.builds(V0_PLATFORMS, PYTHONS, {"librdkafka": "99.15"}, v1=False)
    assert told(against(feedstock, same=False, capsys=capsys)) == {
        ("version", "", "", "librdkafka", version("librdkafka"), "99.15"),
        ("platform", "linux-aarch64", "", "", "built", ""),
        ("platform", "linux-ppc64le", "", "", "built", ""),
        *pythons_apart(PYTHONS, V0_PLATFORMS),
    }


def test_our_own_recipe_in_a_feedstock_has_its_number_nowhere_above(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for theirs, above in ((number("librdkafka") - 1, True), (number("librdkafka"), False)):
        feedstock = librdkafka(tmp_path / str(theirs)).recipe("librdkafka", version("librdkafka"), theirs)
        found = against(feedstock, same=above, capsys=capsys)
        assert [each["kind"] for each in found] == ([] if above else ["number"])
    assert f"raise build.number above {number('librdkafka')}" in found[0]["note"]


def test_a_migration_that_adds_a_value_gives_two_builds_for_one_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feedstock = Feedstock(tmp_path / "librdkafka-feedstock").recipe("librdkafka", version("librdkafka"), 0)
    feedstock.looped = ("openssl",)
    for platform in PLATFORMS:
        system = platform.partition("-")[0]
        for openssl in ("3.5", "4.0"):
            feedstock.build(platform, {**COMPILERS[system], **CXX[system], **LIBRARIES, "openssl": openssl})
    feedstock.migration("openssl40", "openssl", "4.0")
    found = against(feedstock, same=False, capsys=capsys)
    assert told(found) == {("pin", platform, "any", "openssl", "3.5", "3.5 and 4.0") for platform in PLATFORMS}
    assert {each["note"] for each in found} == {"by the migration openssl40"}


def test_what_differs_in_many_builds_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedstock = Feedstock(tmp_path / "pykafka-feedstock").recipe("pykafka", "2.8.0", 0)
    ours = [each for each in OURS["python"] if each not in MIGRATING.values()]
    feedstock.builds(("linux-64", "osx-64"), ours, {"c_compiler_version": "9"}, v1=True)
    arguments = ["--platform", "linux-64", "--platform", "osx-64", "--python", "3.12", "--python", "3.13"]
    assert _run(["matrix", "--against", str(feedstock.folder), *arguments], debug=False) == 3
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "pin      linux-64 3.12, 3.13 c_compiler_version: here 15, in the feedstock 9",
        "pin      osx-64 3.12, 3.13 c_compiler_version: here 21, in the feedstock 9",
    ]
    assert "KF003" in shown.err


def test_a_python_that_conda_forge_brings_by_a_migration_is_marked(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkout / "recipes" / "variants.yaml"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "_cp315" not in line]
    lines.insert(lines.index("python:") + 1, "  - 3.15.* *_cp315")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert _run(["matrix", "pykafka", "--platform", "linux-64", "--json"], debug=True) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert {each["migration"] for each in cells if each["python"] == "3.15"} == {"python315"}
    assert {each["migration"] for each in cells if each["python"] == "3.12"} == {None}
    assert _run(["matrix", "pykafka", "--platform", "linux-64"], debug=True) == 0
    shown = capsys.readouterr().out
    assert "3.15, migrating" in shown
    assert "conda-forge brings it to feedstocks by the migration python315" in shown

    feedstock = Feedstock(tmp_path / "pykafka-feedstock").recipe("pykafka", "2.8.0", 0)
    feedstock.builds(PLATFORMS, PYTHONS, {}, v1=True)
    asked = ["matrix", "--against", str(feedstock.folder), "--python", "3.15", "--json"]
    assert _run(asked, debug=False) == 3
    found = json.loads(capsys.readouterr().out)["differences"]
    assert told(found) == {("python", platform, "3.15", "", "built", "") for platform in PLATFORMS}
    assert {each["note"].partition("python315")[2] for each in found} == {", which this feedstock has not had yet"}
    feedstock.migration("python315", "python", "3.15.* *_cp315")
    assert _run(asked, debug=False) == 3
    assert "which this feedstock has had, and skips" in capsys.readouterr().out


def test_what_our_recipe_skips_is_in_no_cell(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkout / "recipes" / "pykafka" / "recipe.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("build:\n", 'build:\n  skip:\n    - win\n    - ppc64le and match(python, "<3.13")\n', 1),
        encoding="utf-8",
    )
    found = plan.plan(Selection(("pykafka",), ALL), root=checkout, variants=())
    pythons = {
        platform: {each.cell.python for each in found if each.cell.platform == platform} for platform in PLATFORMS
    }
    assert pythons["win-64"] == set()
    assert pythons["linux-ppc64le"] == pythons["linux-64"] - {"3.11", "3.12"}
    assert len(pythons["linux-64"]) == len(OURS["python"])

    feedstock = Feedstock(tmp_path / "pykafka-feedstock").recipe("pykafka", "2.8.0", 0)
    feedstock.builds(
        [each for each in PLATFORMS if each not in ("win-64", "linux-ppc64le")], OURS["python"], {}, v1=True
    )
    feedstock.builds(
        ["linux-ppc64le"], [each for each in OURS["python"] if not each.startswith(("3.11", "3.12"))], {}, v1=True
    )
    assert against(feedstock, same=True, capsys=capsys) == []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose recipes may be changed."""
    import shutil

    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    shutil.copytree(ROOT / "bootstrap" / "python", folder / "bootstrap" / "python")
    shutil.copy(ROOT / "bootstrap" / "variants.yaml", folder / "bootstrap" / "variants.yaml")
    monkeypatch.setenv("KAFKA_FORGE_ROOT", str(folder))
    return folder


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("linux_64_.yaml", "linux-64"),
        ("linux_.yaml", "linux-64"),
        ("osx_python3.8.yaml", "osx-64"),
        ("win_c_compilervs2015python3.5.yaml", "win-64"),
        ("linux_aarch64_python3.12.____cpython.yaml", "linux-aarch64"),
        ("osx_arm64_python3.12.____cpython.yaml", "osx-arm64"),
        ("linux_riscv64_.yaml", "linux-riscv64"),
    ],
)
def test_a_file_without_target_platform_is_named_for_one(tmp_path: Path, name: str, platform: str) -> None:
    feedstock = Feedstock(tmp_path)
    (tmp_path / ".ci_support" / name).write_text("python_min:\n- '3.11'\n", encoding="utf-8")
    assert {place[0] for place in ci_support.read(feedstock.folder)} == {platform}


@pytest.mark.parametrize("text", ["- a list\n", "a: [\n", "", "python_min:\n- '3.11'\n"])
def test_a_file_that_is_no_variant_says_what_to_do(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    feedstock = Feedstock(tmp_path / "kafka-python-feedstock").recipe("kafka-python", "2.3.0", 0)
    feedstock.build("linux-64", {"python_min": "3.11"}, noarch=True)
    (feedstock.folder / ".ci_support" / "mine.yaml").write_text(text, encoding="utf-8")
    assert _run(["matrix", "--against", str(feedstock.folder)], debug=False) == 11
    shown = capsys.readouterr().err
    assert "KF123" in shown
    assert "mine.yaml" in shown
    assert "take the file away if conda-smithy did not write it, else rerender the feedstock" in shown


def test_a_migration_that_is_none(tmp_path: Path) -> None:
    feedstock = Feedstock(tmp_path).migration("python315", "python", "3.15.* *_cp315")
    assert ci_support.migrations(feedstock.folder) == (
        ci_support.Migration("python315", {"python": ("3.15.* *_cp315",)}),
    )
    (tmp_path / ".ci_support" / "migrations" / "other.yaml").write_text("text\n", encoding="utf-8")
    with pytest.raises(FeedstockInvalid):
        ci_support.migrations(feedstock.folder)


def test_a_noarch_package_has_no_build_on_other_platforms(tmp_path: Path) -> None:
    feedstock = Feedstock(tmp_path / "kafka-python-feedstock").recipe("kafka-python", "2.3.0", 0)
    feedstock.build("linux-64", {"python_min": "3.11"}, noarch=True)
    with pytest.raises(NothingSelected):
        feedstock_matrix.compare(feedstock.folder, Selection(("kafka-python",), ("win-64",)), ROOT)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("meta.yaml", "{% set version = '1.2' %}\npackage:\n  version: {{ version }}\n", ("1.2", 0)),
        (
            "meta.yaml",
            (
                '{% set version = "1.2" %}\n{% set build = 3 %}\npackage:\n  name: x\n  version: "{{ version }}"\n'
                "build:\n  number: {{ build }}  # [win]\n  number: {{ build + 100 }}  # [not win]\n"
                "requirements:\n  build:\n    - {{ compiler('c') }}\n    - {{ stdlib('c') }}\n"
                "about:\n  version: 9\n  number: 999\n"
            ),
            ("1.2", 103),
        ),
        (
            "meta.yaml",
            "package:\n  version: {{ environ.get('V', '7') }}\nbuild:\n  string: {{ PKG_HASH }}\n  number: 5\n",
            ("7", 5),
        ),
        ("recipe.yaml", "package:\n  version: 1.2\n", ("1.2", 0)),
        (
            "recipe.yaml",
            (
                "context:\n  version: '2'\n  number: 4\nrecipe:\n  name: x\n  version: ${{ version }}.0\nbuild:\n"
                "  number: ${{ number + 100 if osx else number }}\n  skip: match(python, '3.9')\n"
            ),
            ("2.0", 104),
        ),
        ("recipe.yaml", "package:\n  version: '3'\nbuild:\n  number: {if: win, then: 8, else: 7}\n", ("3", 8)),
    ],
)
def test_the_version_and_number_of_a_recipe(tmp_path: Path, file: str, text: str, expected: tuple[str, int]) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / file).write_text(text, encoding="utf-8")
    found = feedstock_recipe.read(tmp_path)
    assert (found.version, found.number) == expected


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("meta.yaml", "build:\n  number: 1\n"),
        ("meta.yaml", "{% set version = %}\n"),
        ("meta.yaml", "package:\n  version: 1\nbuild:\n  number: {{ load_setup_py_data()['n'] }}x\n"),
        ("recipe.yaml", "- a\n"),
        ("recipe.yaml", "package: {name: x}\n"),
        ("recipe.yaml", "package: {version: 1}\nbuild: {number: '${{ unknown }}'}\n"),
        ("other.yaml", ""),
    ],
)
def test_a_recipe_whose_number_cannot_be_made_out_is_no_silent_pass(
    tmp_path: Path, file: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    feedstock = Feedstock(tmp_path / "kafka-python-feedstock")
    feedstock.build("linux-64", {"python_min": "3.11"}, noarch=True)
    (feedstock.folder / "recipe").mkdir()
    (feedstock.folder / "recipe" / file).write_text(text, encoding="utf-8")
    assert _run(["matrix", "--against", str(feedstock.folder)], debug=False) == 11
    assert "KF123" in capsys.readouterr().err


@pytest.mark.parametrize("recipe", sorted({*plan.recipe_names(ROOT)} - {*UNKNOWN_THERE}))
def test_build_numbers_stay_above_those_of_the_feedstocks(recipe: str) -> None:
    """With room for the bots: each migration of conda-forge's raises the number of a feedstock by one."""
    read = conda_forge.load(ROOT).feedstocks[recipe]
    assert read.source.startswith("https://")
    if read.version == version(recipe):
        assert number(recipe) >= read.number + 50


def test_the_reading_is_whole_and_says_what_is_wrong(checkout: Path) -> None:
    reading = conda_forge.load(ROOT)
    assert reading.feedstocks.keys() == set(plan.recipe_names(ROOT)) - {*UNKNOWN_THERE}
    assert {each.name: each.python for each in reading.migrations} == MIGRATING
    file = checkout / "recipes" / "conda-forge.yaml"
    file.write_text("read: soon\n", encoding="utf-8")
    with pytest.raises(RecipeInvalid) as caught:
        conda_forge.load(checkout)
    assert str(caught.value.where) == str(file)
