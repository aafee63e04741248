"""A feedstock out of our recipe: what is written, what stays, and what a maintainer is shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from rattler_build import JinjaConfig, PlatformConfig, VariantConfig
from ruamel.yaml import YAML

from kafka_forge.cli import _run
from kafka_forge.errors import FeedstockInvalid, UnknownRecipe
from kafka_forge.feedstocks import feedstock as feedstocks
from kafka_forge.planning import plan
from kafka_forge.values.model import PLATFORMS

ROOT = Path(__file__).parents[2]
RECIPES = plan.recipe_names(ROOT)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_new_feedstock_has_what_the_recipe_needs_and_nothing_of_ours(recipe: str, tmp_path: Path) -> None:
    target = tmp_path / "feedstock"
    assert _run(["feedstock", recipe, str(target)], debug=True) == 0
    assert {"conda-forge.yml", "recipe/recipe.yaml"} <= files(target)
    assert not {path.name for path in target.rglob("*")} & {"contract.yaml", "sources.yaml", "sbom.yaml"}
    data = YAML(typ="safe").load((target / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
    for patch in data["source"].get("patches", ()):
        assert (target / "recipe" / patch).is_file()
    assert _run(["feedstock", recipe, str(target), "--check"], debug=True) == 0


def test_of_new_files_there_is_a_line_and_of_changed_ones_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "feedstock"
    assert _run(["feedstock", "pykafka", str(target)], debug=True) == 0
    said = capsys.readouterr().out.splitlines()
    lines = len((target / "recipe" / "recipe.yaml").read_text(encoding="utf-8").splitlines())
    assert f"new      recipe/recipe.yaml  {lines} lines" in said
    assert len(said) == len(files(target))
    with (target / "recipe" / "recipe.yaml").open("a", encoding="utf-8") as recipe:
        recipe.write("# of theirs\n")
    assert _run(["feedstock", "pykafka", str(target)], debug=True) == 0
    assert "-# of theirs" in capsys.readouterr().out.splitlines()
    whole = tmp_path / "whole"
    assert _run(["feedstock", "pykafka", str(whole), "--diff"], debug=True) == 0
    assert "+++ b/recipe/recipe.yaml" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("recipe", RECIPES)
def test_conda_smithy_s_settings_build_every_platform(recipe: str) -> None:
    settings = YAML(typ="safe").load((ROOT / "recipes" / recipe / "conda-forge.yml").read_text(encoding="utf-8"))
    assert settings["conda_build_tool"] == "rattler-build"
    if recipe not in ("dask-kafka-ranges", "kafka-python", "streamz"):
        # linux_64, osx_64 and win_64 are there without a word
        assert set(settings["build_platform"]) == {"linux_aarch64", "linux_ppc64le", "osx_arm64"}
        assert settings["test"] == "native_and_emulated"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A feedstock as it was before: another recipe format, a patch, and settings of its own."""
    folder = tmp_path / "pykafka-feedstock"
    (folder / "recipe").mkdir(parents=True)
    (folder / "recipe" / "meta.yaml").write_text("package:\n  name: pykafka\n", encoding="utf-8")
    (folder / "recipe" / "bld.bat").write_bytes(b"rem \xff\n")
    (folder / "README.md").write_text("rendered by conda-smithy", encoding="utf-8")
    (folder / "conda-forge.yml").write_text("bot:\n  automerge: true  # ours\ntest: native\n", encoding="utf-8")
    return folder


def test_the_difference_is_shown_and_nothing_written_when_only_checked(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: (old / file).read_bytes() for file in files(old)}
    assert _run(["feedstock", "pykafka", str(old), "--check", "--diff"], debug=False) == 3
    shown = capsys.readouterr()
    assert "KF003" in shown.err
    assert "--- a/recipe/meta.yaml\n+++ /dev/null" in shown.out
    assert "Binary files a/recipe/bld.bat" in shown.out
    assert "+conda_build_tool: rattler-build" in shown.out
    assert before == {file: (old / file).read_bytes() for file in files(old)}


def test_the_shown_difference_is_a_patch_that_git_applies(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (old / "recipe" / "bld.bat").unlink()
    _run(["feedstock", "pykafka", str(old), "--check", "--diff"], debug=False)
    patch = capsys.readouterr().out
    subprocess.run(["git", "apply", "-p1"], cwd=old, input=patch, text=True, check=True, capture_output=True)
    assert feedstocks.changes("pykafka", old, ROOT) == ()


def test_what_the_feedstock_has_of_its_own_stays(old: Path) -> None:
    assert _run(["feedstock", "pykafka", str(old)], debug=True) == 0
    assert "meta.yaml" not in {path.name for path in old.rglob("*")}
    assert (old / "README.md").is_file()
    text = (old / "conda-forge.yml").read_text(encoding="utf-8")
    assert "automerge: true  # ours" in text
    assert "test: native_and_emulated" in text
    assert not [path for path in old.rglob(".*") if path.name.endswith(".part")]


def values(file: Path, platform: str) -> dict[str, list[str]]:
    config = JinjaConfig(platform=PlatformConfig(target_platform=platform))
    return dict(VariantConfig.from_conda_build_config(file, config))


def test_only_the_pins_that_differ_from_conda_forge_s_are_written(tmp_path: Path) -> None:
    pinning = tmp_path / "pinning.yaml"
    lines = ["openssl:\n  - '3.6'  # [linux64]\n  - '3.5'  # [not linux64]", "zlib:\n  - 1", "zstd:\n  - '1.5'"]
    lines += ["lz4_c:\n  - 1.9", "libcurl:\n  - 8", "c_compiler_version:\n  - 99"]
    pinning.write_text("\n".join(lines) + "\n", encoding="utf-8")
    target = tmp_path / "feedstock"
    assert _run(["feedstock", "librdkafka", str(target), "--pinning", str(pinning)], debug=True) == 0
    written = target / "recipe" / "conda_build_config.yaml"
    for platform in PLATFORMS:
        own = values(written, platform)
        assert own["openssl"] == ["3.5"]
        assert own["lz4_c"] == ["1.10"]
        assert not own.keys() & {"zlib", "zstd", "libcurl", "c_compiler_version"}
    assert values(written, "osx-64").get("c_stdlib_version") != []
    assert _run(["feedstock", "librdkafka", str(target), "--check"], debug=True) == 0  # its own pins stay


def test_a_folder_that_is_no_feedstock_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").touch()
    with pytest.raises(FeedstockInvalid):
        feedstocks.changes("pykafka", tmp_path, ROOT)
    with pytest.raises(UnknownRecipe):
        feedstocks.changes("pykafca", tmp_path / "new", ROOT)


def new(folder: Path, *names: str) -> Path:
    """A folder with some files; `.git` is a repository that git has just made."""
    folder.mkdir()
    for name in names:
        if name == ".git":
            subprocess.run(["git", "init", "-q", str(folder)], check=True, capture_output=True)
        else:
            (folder / name).write_text("text\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "names",
    [
        (),
        (".git",),
        (".git", "README.md", "LICENSE", ".gitignore"),
        (".git", "README", "LICENCE.txt", ".gitattributes", ".DS_Store"),
        (".git", "readme.rst", "license-MIT", "COPYING"),
    ],
)
def test_a_repository_that_was_just_made_becomes_a_feedstock(tmp_path: Path, names: tuple[str, ...]) -> None:
    folder = new(tmp_path / "new", *names)
    before = {file: (folder / file).read_bytes() for file in files(folder)}
    assert _run(["feedstock", "kafka-python", str(folder)], debug=True) == 0
    assert {"conda-forge.yml", "recipe/recipe.yaml"} <= files(folder)
    assert before == {file: (folder / file).read_bytes() for file in before}
    assert _run(["feedstock", "kafka-python", str(folder), "--check"], debug=True) == 0


def test_a_work_tree_of_git_has_a_file_named_git(tmp_path: Path) -> None:
    folder = new(tmp_path / "new")
    (folder / ".git").write_text("gitdir: ../elsewhere\n", encoding="utf-8")
    assert _run(["feedstock", "kafka-python", str(folder)], debug=True) == 0


@pytest.mark.parametrize("name", ["setup.py", "readmes", "diary.md", "recipes", ".github"])
def test_a_repository_with_content_is_no_new_one(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = new(tmp_path / "new", ".git", name)
    assert _run(["feedstock", "kafka-python", str(folder)], debug=False) == 11
    shown = capsys.readouterr().err
    assert "KF123" in shown
    assert f"it has {name}" in shown
    assert "fresh from `git init`" in shown
    assert files(folder) & {"conda-forge.yml", "recipe/recipe.yaml"} == set()


@pytest.mark.parametrize("text", ["- a list\n", "a: [\n"])
def test_settings_that_cannot_be_read(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "conda-forge.yml").write_text(text, encoding="utf-8")
    assert _run(["feedstock", "pykafka", str(tmp_path), "--json"], debug=False) == 11
    assert "KF123" in capsys.readouterr().err


def test_the_difference_as_json(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["feedstock", "pykafka", str(old), "--json"], debug=True) == 0
    assert "recipe/recipe.yaml" in {change["file"] for change in json.loads(capsys.readouterr().out)}
