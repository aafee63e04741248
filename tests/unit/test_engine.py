"""The engine's door, channels, and how a base is chosen and planned: all that needs no network and no compiler."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kafka_forge import bases, platforms
from kafka_forge.bases import graph, tools
from kafka_forge.bases.nodes import Site
from kafka_forge.bases.packing import Package, pack
from kafka_forge.channels import channel, solving
from kafka_forge.engine import drafting, engine
from kafka_forge.errors import BaseUnreachable, LockInvalid, RecipeInvalid, SolveFailed, UnknownBase
from kafka_forge.ground import userland
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPE = """
package: {name: parcel, version: "1.2"}
source:
  - url: https://example.org/parcel-1.2.tar.gz
    sha256: 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
    patches: [mend.patch]
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  host: [python, zlib]
  run: [python, six >=1.16]
"""
VARIANTS = """
python: ["3.11.* *_cpython", "3.13.* *_cp313"]
c_compiler: [zig-cc]
c_stdlib: [sysroot]
c_stdlib_version: ["2.17"]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    folder = tmp_path / "parcel"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "variants.yaml").write_text(VARIANTS)
    return folder


def _package(name: str, folder: Path, depends: tuple[str, ...] = ()) -> Path:
    tree = folder / f"tree-{name}"
    (tree / "share").mkdir(parents=True)
    (tree / "share" / name).write_text(name)
    return pack(Package(name, "1", "h0_0", "linux-64", depends=depends), tree, folder)


def test_a_recipe_is_rendered_once_for_each_python(recipe: Path) -> None:
    rendered = engine.render(recipe, [recipe / "variants.yaml"], "linux-64")
    assert [each.python for each in rendered] == ["3.11", "3.13"]
    assert len({each.build for each in rendered}) == 2
    assert rendered[0].filename.startswith("parcel-1.2-py311")
    assert {"zig-cc_linux-64", "sysroot_linux-64", "python", "zlib", "six"} == rendered[0].requires


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_engine_solves_for_the_system_that_the_toolkit_assumes(recipe: Path, platform: str) -> None:
    """A Python for another platform may need a newer glibc than this machine's: the emulators bring theirs."""
    rendered = engine.render(recipe, [recipe / "variants.yaml"], platform)[0]
    assumed = platforms.of(platform).virtual_packages()
    versions = {
        f"CONDA_OVERRIDE_{name[2:].upper()}": assumed[name] for name in ("__osx", "__glibc", "__win") if name in assumed
    }
    assert engine._overrides(rendered) == ({} if platform == platforms.current() else versions)
    assert versions


@pytest.mark.parametrize(
    ("text", "line"),
    [("package: {name: parcel}\nbuild: ]\n", ":2"), ("package: {name: parcel, version: '1'}\nbiuld: {}\n", "")],
)
def test_a_broken_recipe_is_named_with_its_line(recipe: Path, text: str, line: str) -> None:
    (recipe / "recipe.yaml").write_text(text)
    with pytest.raises(RecipeInvalid) as caught:
        engine.render(recipe, [recipe / "variants.yaml"], "linux-64")
    assert f"recipe.yaml{line}" in str(caught.value.where)
    assert caught.value.details


def test_a_broken_variants_file_is_named_and_not_the_recipe(recipe: Path) -> None:
    (recipe / "variants.yaml").write_text("python: [")
    with pytest.raises(RecipeInvalid, match=r"variants\.yaml"):
        engine.render(recipe, [recipe / "variants.yaml"], "linux-64")


def test_the_build_reads_the_local_copy_and_the_recipe_keeps_its_upstream_url(recipe: Path, tmp_path: Path) -> None:
    (rendered, *_) = engine.render(recipe, [recipe / "variants.yaml"], "linux-64")
    local = "file:///store/parcel-1.2.tar.gz"
    placed = ({**rendered.sources[0], "url": [local, rendered.sources[0]["url"]]},)
    draft = drafting.draft(rendered, placed, tmp_path / "draft", 1_700_000_000)
    (again, *_) = engine.render(draft.parent, [recipe / "variants.yaml"], "linux-64")
    assert again.sources[0]["url"] == [local, "https://example.org/parcel-1.2.tar.gz"]
    assert again.sources[0]["patches"] == ["mend.patch"]
    assert again.build == rendered.build
    assert (recipe / "recipe.yaml").read_text() == RECIPE


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("make install", {"content": "make install"}),
        ([{"if": "unix", "then": ["make"]}], {"content": [{"if": "unix", "then": ["make"]}]}),
        ({"file": "build.sh", "env": {"WORD": "yes"}}, {"file": "build.sh", "env": {"WORD": "yes"}}),
    ],
)
def test_a_script_is_told_the_time_of_what_it_builds(
    recipe: Path, tmp_path: Path, script: Any, told: dict[str, Any]
) -> None:
    yaml = YAML(typ="safe")
    data = yaml.load(recipe / "recipe.yaml")
    yaml.dump({**data, "build": {"script": script}}, recipe / "recipe.yaml")
    (rendered, *_) = engine.render(recipe, [recipe / "variants.yaml"], "linux-64")
    draft = drafting.draft(rendered, (), tmp_path / "draft", 1_700_000_000)
    environment = {**told.get("env", {}), "SOURCE_DATE_EPOCH": "1700000000"}
    assert yaml.load(draft)["build"]["script"] == {**told, "env": environment}


def test_a_script_that_begins_with_a_comment_is_told_the_time_too(recipe: Path, tmp_path: Path) -> None:
    text = "\nbuild:\n  number: 1\n  script:\n    # why\n    - if: unix\n      then:\n        # how\n        - make\n"
    (recipe / "recipe.yaml").write_text(RECIPE + text)
    (rendered, *_) = engine.render(recipe, [recipe / "variants.yaml"], "linux-64")
    draft = drafting.draft(rendered, (), tmp_path / "draft", 1_700_000_000)
    script = {"content": [{"if": "unix", "then": ["make"]}], "env": {"SOURCE_DATE_EPOCH": "1700000000"}}
    assert YAML(typ="safe").load(draft)["build"] == {"number": 1, "script": script}
    assert engine.render(draft.parent, [recipe / "variants.yaml"], "linux-64")


def test_a_package_is_in_the_index_as_soon_as_it_is_in_the_channel(tmp_path: Path) -> None:
    home = tmp_path / "channel"
    channel.prepare(home)
    file = _package("parcel", tmp_path)
    placed = channel.add(home, file, "linux-64")
    index = json.loads((home / "linux-64" / "repodata.json").read_text())
    assert placed.name in index["packages.conda"]
    assert not file.exists()
    assert not list(home.rglob("*.part"))


def test_an_index_that_a_killed_run_left_behind_is_noticed(tmp_path: Path) -> None:
    home = tmp_path / "channel"
    channel.prepare(home)
    placed = channel.add(home, _package("parcel", tmp_path), "linux-64")
    assert not channel.is_stale(home)
    placed.rename(placed.with_name("parcel-2-h0_0.conda"))
    assert channel.is_stale(home)


def test_a_failed_solve_says_what_is_missing(tmp_path: Path) -> None:
    home = tmp_path / "channel"
    channel.prepare(home)
    channel.add(home, _package("parcel", tmp_path, depends=("string >=2",)), "linux-64")
    with pytest.raises(SolveFailed) as caught:
        solving.solve(["parcel"], [home.as_uri()], "linux-64", what="a test")
    assert "string >=2" in "\n".join(caught.value.details)


def test_a_build_sees_a_userland_and_no_compiler_of_the_machine(tmp_path: Path) -> None:
    environment = userland.environment(tmp_path / "tools", Cache(tmp_path / "cache"))
    for program in ("sh", "sed", "zig"):
        assert shutil.which(program, path=environment["PATH"])
    for program in ("gcc", "cc", "make", "perl", "python3", "cmake", "pkg-config"):
        assert not shutil.which(program, path=environment["PATH"])
    answer = subprocess.run(["zig", "version"], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == userland_version()


def userland_version() -> str:
    from importlib.metadata import version

    return version("ziglang")


def test_an_unknown_base_is_refused_and_a_folder_without_an_index_does_not_answer(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with pytest.raises(UnknownBase):
        bases.select("conda-froge", "linux-64", cache, Silent())
    with pytest.raises(BaseUnreachable):
        bases.select(str(tmp_path), "linux-64", cache, Silent())


def test_the_folder_of_a_channel_is_a_base(tmp_path: Path) -> None:
    home = tmp_path / "channel"
    channel.prepare(home)
    channel.add(home, _package("parcel", tmp_path), "linux-64")
    base = bases.select(str(home), "linux-64", Cache(tmp_path / "cache"), Silent())
    assert (base.channel, base.variants) == (home.as_uri(), ())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what decides the embedded base, to be changed at will."""
    for name in ("bootstrap", "recipes"):
        shutil.copytree(project_root() / name, tmp_path / "checkout" / name)
    return tmp_path / "checkout"


def _keys(checkout: Path, tmp_path: Path) -> dict[str, str]:
    site = Site("linux-64", checkout, Cache(tmp_path / "cache"), Silent())
    return {node.id: node.key for node in graph.plan(site)}


def _edit(checkout: Path, name: str, change: Callable[[str], str]) -> None:
    file = checkout / "bootstrap" / name
    file.write_text(change(file.read_text()))


def test_a_change_in_one_recipe_of_the_base_remakes_it_and_what_is_built_on_it(checkout: Path, tmp_path: Path) -> None:
    before = _keys(checkout, tmp_path)
    _edit(checkout, "recipes/krb5/build.sh", lambda text: text + "\n# changed\n")
    after = _keys(checkout, tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"linux-64/krb5", "linux-64/cyrus-sasl"}


def test_another_place_for_the_same_source_remakes_nothing(checkout: Path, tmp_path: Path) -> None:
    before = _keys(checkout, tmp_path)
    _edit(checkout, "recipes/krb5/sources.yaml", lambda text: text + "\n# another place\n")
    assert _keys(checkout, tmp_path) == before


def test_what_a_recipe_of_the_base_has_for_another_system_remakes_nothing(checkout: Path, tmp_path: Path) -> None:
    before = _keys(checkout, tmp_path)
    _edit(checkout, "recipes/zig/win/activate-cc.sh", lambda text: text + "\n# changed\n")
    _edit(
        checkout,
        "recipes/zlib/recipe.yaml",
        lambda text: text.replace("host:", "host:\n        - if: win\n          then: zstd"),
    )
    assert _keys(checkout, tmp_path) == before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_package_of_the_base_is_planned_after_what_it_needs(
    checkout: Path, tmp_path: Path, platform: str
) -> None:
    nodes = graph.plan(Site(platform, checkout, Cache(tmp_path / "cache"), Silent()))
    seen: set[str] = set()
    for node in nodes:
        assert node.needs <= seen, node.id
        seen.add(node.id)
    needs = {node.name: node.needs for node in nodes if node.subdir == platform}
    pythons = f"{platform}/pythons"
    assert pythons not in needs["openssl"], "the longest build need not wait for what it only runs with"
    if platform != "win-64":  # whose libcurl takes the system's own TLS
        assert pythons in needs["libcurl"], "but what is built on it needs that"
    assert needs.keys() >= {"zlib", "libzlib", "zstd", "lz4-c", "openssl", "libcurl"}
    assert ("krb5" in needs) == ("cyrus-sasl" in needs) == (platform != "win-64")
    compiler = next(node for node in nodes if node.name == f"zig-cxx_{platform}")
    assert not any(compiler.id in node.needs for node in nodes), (
        "nothing of the base is C++; what is built on it may be"
    )
    assert compiler.seconds() > 100, "its library is compiled beside the C libraries, and not after them"


def test_for_another_platform_only_what_runs_here_is_made_for_this_machine(checkout: Path, tmp_path: Path) -> None:
    nodes = graph.plan(Site("linux-aarch64", checkout, Cache(tmp_path / "cache"), Silent()))
    here = {node.name for node in nodes if node.subdir == "linux-64"}
    assert {"pythons", "libzlib", "cross-python_linux-aarch64", "zig-cc_linux-aarch64"} <= here
    assert "openssl" in here, "3.15 of this machine is Debian's, which is linked with it; the others bring their own"
    assert not here & {"krb5", "libcurl", "cross-python_linux-64", "zig-cc_win-64"}


def test_a_broken_lock_of_tools_is_named_with_its_line(checkout: Path) -> None:
    _edit(checkout, "tools.yaml", lambda text: text + "\nbroken: [\n")
    with pytest.raises(LockInvalid, match=r"YAML") as caught:
        tools.load(checkout / "bootstrap" / "tools.yaml", "linux-64")
    assert "tools.yaml:" in str(caught.value.where)
