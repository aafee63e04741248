"""README's commands for who builds the recipes with other tools: files and options are as these take them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from rattler_build import JinjaConfig, PlatformConfig, Stage0Recipe, VariantConfig
from rattler_build.render import RenderConfig
from ruamel.yaml import YAML

from kafka_forge import platforms
from kafka_forge.feedstocks import feedstock as feedstocks
from kafka_forge.ground.paths import project_root
from kafka_forge.planning import plan
from kafka_forge.values.model import PLATFORMS
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
OPTIONS: dict[str, set[str]] = {
    # https://rattler-build.prefix.dev/latest/reference/cli/
    "rattler-build build": {"--recipe-dir", "--variant-config", "--channel", "--output-dir"},
    # docs/source/user-guide/v1-recipes.rst of conda-build: those that hold for v1 recipes
    "conda build": {"--variant-config-files", "--channel", "--output-folder"},
    # https://pixi.prefix.dev/latest/reference/cli/pixi/build/
    "pixi build": {"--manifest-path", "--path", "--output-dir", "--target-platform"},
    # https://conda-forge.org/docs/maintainer/updating_pkgs/#rerendering-feedstocks
    "conda smithy": set(),
}
"""Command → options that it has."""
FILES = {"--recipe-dir", "--variant-config", "--variant-config-files", "--manifest-path", "--path"}


def commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"<!-- other tools -->\n(.*?)<!-- /other tools -->", text, re.DOTALL)
    return re.findall(r"\| `([^`]+)` \|$", table, re.MULTILINE)


def test_there_is_a_command_for_each_tool() -> None:
    assert [" ".join(shlex.split(each)[:2]) for each in commands()] == [*OPTIONS]


@pytest.mark.parametrize("command", commands())
def test_its_options_are_the_tools_and_its_files_are_there(command: str) -> None:
    words = shlex.split(command.partition(" && ")[0])
    known = OPTIONS[" ".join(words[:2])]
    for option, value in zip(words[2:], [*words[3:], ""], strict=True):
        if option.startswith("-"):
            assert option in known
        if option in FILES:
            assert (ROOT / value).exists(), value
        if option.startswith("recipes/") and (ROOT / option).is_dir():
            assert (ROOT / option / "recipe.yaml").is_file()


@pytest.mark.parametrize("recipe", plan.recipe_names(ROOT))
def test_the_variant_file_gives_the_same_packages_as_here(recipe: str) -> None:
    """As conda-build calls the engine (conda_build/_rattler_build/compat.py): a merge of what `from_file` reads."""
    merged = VariantConfig().merge(VariantConfig.from_file(ROOT / "recipes" / "variants.yaml"))
    found = Stage0Recipe.from_file(ROOT / "recipes" / recipe / "recipe.yaml").render(merged, RenderConfig())
    made = {each.recipe.to_dict()["build"]["string"] for each in found}
    here = plan.plan(Selection((recipe,), (platforms.current(),)), root=ROOT, variants=())
    assert made == {each.cell.build for each in here}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_variant_file_is_read_for_every_platform(platform: str) -> None:
    config = JinjaConfig(platform=PlatformConfig(target_platform=platform, host_platform=platform))
    read = VariantConfig.from_file_with_context(ROOT / "recipes" / "variants.yaml", config).to_dict()
    assert len(read["python"]) == len(read["is_freethreading"])
    assert len(read["c_compiler"]) == 1


def test_pixis_workspace_names_the_variant_file_and_every_platform() -> None:
    text = (ROOT / "recipes" / "pixi.toml").read_text(encoding="utf-8")
    values: dict[str, Any] = dict(re.findall(r"^([\w-]+) = (.+)$", text, re.MULTILINE))
    assert YAML(typ="safe").load(values["build-variants-files"]) == ["variants.yaml"]
    assert YAML(typ="safe").load(values["platforms"]) == [*PLATFORMS]
    assert YAML(typ="safe").load(values["preview"]) == ["pixi-build"]


@pytest.mark.parametrize("recipe", plan.recipe_names(ROOT))
def test_what_conda_smithy_needs_is_in_the_recipes_folder(recipe: str, tmp_path: Path) -> None:
    changes = feedstocks.changes(recipe, tmp_path / "feedstock", ROOT)
    folder = ROOT / "recipes" / recipe
    for change in changes:
        name = change.file.removeprefix("recipe/")
        assert (folder / name).read_bytes() == change.after
    settings = YAML(typ="safe").load((folder / "conda-forge.yml").read_text(encoding="utf-8"))
    assert settings["conda_build_tool"] == "rattler-build"
