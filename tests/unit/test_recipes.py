"""The recipes: conda-forge's rules (conda-smithy's linter, by its names), every platform and Python, patches, hints.

conda-smithy is no package of the Python index, so its rules for v1 recipes stand here as plain assertions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kafka_forge.auditing.audit import contracts
from kafka_forge.contracts.loading import load_contract
from kafka_forge.engine import engine
from kafka_forge.ground.paths import project_root
from kafka_forge.patching.headers import read_headers
from kafka_forge.sources import load_hints
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPES = project_root() / "recipes"
NAMES = sorted(path.parent.name for path in RECIPES.glob("*/recipe.yaml"))
VARIANTS = [RECIPES / "variants.yaml"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t", "3.15"]
OURS = ["dask-kafka-ranges"]
"""Those whose source is in this repository, beside the recipe."""
CLIENTS = ["pykafka", "python-confluent-kafka"]


def _load(name: str) -> dict[str, Any]:
    data = YAML(typ="safe").load((RECIPES / name / "recipe.yaml").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def _flat(items: Any) -> Iterator[Any]:
    """Every leaf of a v1 list, with both branches of its conditions."""
    if isinstance(items, list):
        for item in items:
            yield from _flat(item)
    elif isinstance(items, dict) and "if" in items:
        yield from _flat(items.get("then"))
        yield from _flat(items.get("else"))
    elif items is not None:
        yield items


def _requirements(name: str, part: str) -> list[str]:
    return [item for item in _flat(_load(name)["requirements"].get(part)) if isinstance(item, str)]


every_recipe = pytest.mark.parametrize("name", NAMES)
from_elsewhere = pytest.mark.parametrize("name", [name for name in NAMES if name not in OURS])


def test_the_recipes_are_there() -> None:
    assert NAMES == ["dask-kafka-ranges", "kafka-python", "librdkafka", "pykafka", "python-confluent-kafka", "streamz"]


@every_recipe
def test_lint_section_order(name: str) -> None:
    order = ["schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra"]
    assert list(_load(name)) == order


@every_recipe
def test_lint_about_contents_and_maintainers(name: str) -> None:
    recipe = _load(name)
    about = recipe["about"]
    assert name in OURS or about["homepage"].startswith("https://")
    assert about["license"] in {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause"}
    assert about["license_file"]
    assert about["summary"].strip() == about["summary"]
    assert not about["summary"].endswith(".")
    maintainers = recipe["extra"]["recipe-maintainers"]
    assert maintainers == sorted(maintainers, key=str.lower)
    assert maintainers


@every_recipe
def test_lint_sources_have_a_hash_and_the_build_a_number(name: str) -> None:
    recipe = _load(name)
    if name in OURS:
        assert recipe["source"] == {"path": "package"}
    else:
        assert re.fullmatch("[0-9a-f]{64}", recipe["source"]["sha256"])
    assert isinstance(recipe["build"]["number"], int)
    assert recipe["package"] == {"name": name, "version": "${{ version }}"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", recipe["context"]["version"])


@from_elsewhere
def test_sources_on_the_python_index_have_the_form_that_is_decided_on(name: str) -> None:
    """See docs/decisions.md; conda-smithy's linter hints at another host since 2026."""
    source = _load(name)["source"]["url"]
    if "/packages/" in source:
        assert re.match(
            r"https://pypi\.io/packages/source/([a-z])/\1[\w-]+/[\w-]+-\$\{\{ version \}\}\.tar\.gz$", source
        )
    else:
        assert source.startswith("https://github.com/"), source


@every_recipe
def test_lint_stdlib_goes_with_every_compiler(name: str) -> None:
    build = _requirements(name, "build")
    assert any("compiler(" in each for each in build) == any('stdlib("c")' in each for each in build)


@every_recipe
def test_lint_single_space_in_pinned_requirements(name: str) -> None:
    for part in ("build", "host", "run", "run_constraints"):
        for each in _requirements(name, part):
            bare = re.sub(r"\$\{\{.*?\}\}", "x", each)
            assert re.fullmatch(r"[\w.-]+( [^\s]+( [^\s]+)?)?", bare), each


@pytest.mark.parametrize("name", CLIENTS)
def test_lint_non_noarch_python_has_no_constraint(name: str) -> None:
    for part in ("host", "run"):
        assert "python" in _requirements(name, part)
        assert not [each for each in _requirements(name, part) if each.startswith("python ")]


def test_lint_noarch_python_follows_cfep_25() -> None:
    recipe = _load("kafka-python")
    assert recipe["build"]["noarch"] == "python"
    assert recipe["requirements"]["host"][0] == "python ${{ python_min }}.*"
    assert recipe["requirements"]["run"] == ["python >=${{ python_min }}"]
    assert "${{ python_min }}.*" in recipe["tests"][0]["python"]["python_version"]
    text = (RECIPES / "kafka-python" / "recipe.yaml").read_text(encoding="utf-8")
    assert "if:" not in text, "a noarch recipe may not differ by platform"


@every_recipe
def test_lint_tests_exist_and_pip_check_runs(name: str) -> None:
    tests = _load(name)["tests"]
    if name == "librdkafka":
        assert any("package_contents" in each for each in tests)
    else:
        assert any(each.get("python", {}).get("pip_check") for each in tests)


@every_recipe
def test_lint_python_builds_have_a_backend_and_do_not_isolate(name: str) -> None:
    if name == "librdkafka":
        return
    assert {"pip", "setuptools"} <= {each.split()[0] for each in _requirements(name, "host")}
    lines = [line for line in _flat(_load(name)["build"]["script"]) if "pip install" in line]
    assert lines
    assert all("--no-deps" in line and "--no-build-isolation" in line for line in lines)


@every_recipe
def test_lint_files_end_with_one_newline_and_have_no_trailing_space(name: str) -> None:
    for path in [*RECIPES.glob("*.yaml"), *(RECIPES / name).glob("*.*")]:
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), path


@pytest.mark.parametrize("name", [*CLIENTS, "librdkafka"])
def test_wrong_linking_is_an_error(name: str) -> None:
    linking = _load(name)["build"]["dynamic_linking"]
    assert linking == {"overlinking_behavior": "error", "overdepending_behavior": "error"}


@pytest.mark.parametrize("platform", PLATFORMS)
@every_recipe
def test_every_recipe_renders_for_every_platform_and_python(name: str, platform: str) -> None:
    found = engine.render(RECIPES / name, VARIANTS, platform)
    assert [each.python for each in found] == (PYTHONS if name in CLIENTS else [None])
    assert len({each.build for each in found}) == len(found)


@pytest.mark.parametrize("platform", [each for each in PLATFORMS if not each.startswith("win")])
def test_both_clients_are_built_on_librdkafka_everywhere_but_on_windows(platform: str) -> None:
    for name in CLIENTS:
        for each in engine.render(RECIPES / name, VARIANTS, platform):
            assert "librdkafka" in {spec.split()[0] for spec in each.requirements["host"]}


def test_who_links_with_librdkafka_is_bound_to_its_minor_release() -> None:
    """librdkafka++ may add virtual functions in a minor release, under the same soname."""
    (export,) = _load("librdkafka")["requirements"]["run_exports"]
    assert export == '${{ pin_subpackage("librdkafka", upper_bound="x.x") }}'


@pytest.mark.parametrize("name", CLIENTS)
def test_clients_of_different_librdkafka_releases_share_an_environment(name: str) -> None:
    """Both link with the C library alone, which every later release of the major can stand in for."""
    requirements = _load(name)["requirements"]
    assert requirements["ignore_run_exports"] == {"by_name": ["librdkafka"]}
    pins = [each for each in requirements["run"] if "librdkafka" in str(each)]
    assert pins == ['${{ pin_compatible("librdkafka", upper_bound="x") }}']


@from_elsewhere
def test_every_source_has_another_place(name: str) -> None:
    assert load_hints(RECIPES / name / "sources.yaml").keys() == {_load(name)["source"]["sha256"]}


@every_recipe
def test_every_contract_is_valid(name: str) -> None:
    assert load_contract(RECIPES / name / "contract.yaml").promises


def test_the_recipes_own_test_asks_for_the_features_of_the_contract() -> None:
    promised = load_contract(RECIPES / "librdkafka" / "contract.yaml").promises["features"]["exactly"]
    scripts = [line for test in _load("librdkafka")["tests"] for line in _flat(test.get("then", test).get("script"))]
    (asked,) = [line.split()[4:] for line in scripts if line.startswith("./test-features")]
    assert sorted(asked) == sorted(promised)
    for client in CLIENTS:
        contract = load_contract(RECIPES / client / "contract.yaml")
        assert sorted(contract.promises["features"]["exactly"]) == sorted(promised)


def test_every_patch_is_used_and_says_what_it_answers_and_what_fails_without_it() -> None:
    folder = RECIPES / "pykafka"
    listed = _load("pykafka")["source"]["patches"]
    assert listed == sorted(str(path.relative_to(folder)) for path in folder.glob("patches/*"))
    for header in read_headers(folder / "patches"):
        name = header.path.name
        assert name.startswith(f"{header.number:04}-")
        public = r"[\w-]+/[\w-]+#\d+|KIP-\d+|KAFKA-\d+|CONFIGURATION\.md|the docstring of pykafka\."
        assert re.search(public, header.answers), f"{name} names nothing public that it answers"
        assert header.tests, f"{name} names no test"
        for test in header.tests:
            path, _, function = test.partition("::")
            assert f"def {function}(" in (RECIPES.parent / path).read_text(encoding="utf-8"), f"{name}: {test}"


def test_every_patch_begins_where_the_ones_before_it_ended() -> None:
    """By the blobs that git names for each file. That they apply to the real source is an integration test's proof."""
    change = r"^diff --git a/(\S+) b/\1\n(?:new file mode \d+\n)?index (\w+)\.\.(\w+)"
    ended: dict[str, str] = {}
    for header in read_headers(RECIPES / "pykafka" / "patches"):
        text = header.path.read_text(encoding="utf-8")
        changes = re.findall(change, text, re.MULTILINE)
        assert len(changes) == len(re.findall("^diff --git ", text, re.MULTILINE)), header.path.name
        for file, before, after in changes:
            assert ended.get(file, before)[:7] == before[:7], f"{header.path.name}: {file}"
            ended[file] = after


def test_every_patch_is_small_enough_to_be_read() -> None:
    for path in RECIPES.glob("*/patches/*"):
        assert path.read_text(encoding="utf-8").count("\n") < 900, path.name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_shall_be_there_is_a_compiled_module_and_not_its_stub(platform: str) -> None:
    """A pattern for any ending was content with the `.pyi` that lies beside the module."""
    for client, file in contracts(project_root()).items():
        has = load_contract(file, platform, "3.14").promises.get("package-contents", {}).get("has", ())
        assert not [each for each in has if each.endswith(".*")], client
