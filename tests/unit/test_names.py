"""Every name of conda-forge that is used here has been looked up, and is the project's that is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from kafka_forge.bases.python_locks import Beside, Libraries, Wheels, load
from kafka_forge.contracts.loading import load_contract
from kafka_forge.ground.paths import project_root
from kafka_forge.values.model import PLATFORMS
from tests import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = project_root()
RECIPES = sorted((ROOT / "recipes").glob("*/recipe.yaml"))
BOOTSTRAP = sorted((ROOT / "bootstrap" / "recipes").glob("*/recipe.yaml"))
KNOWN = names.load()
OURS = {"zig", "zig-cc", "zig-cxx"}
"""What the embedded base alone has, under names of its own."""
MADE = {"ca-certificates", "python", "python_abi", "vc14_runtime"}
"""What the embedded base makes by code, not by a list."""


def strings(value: Any) -> Iterator[str]:
    """Give every string of a piece of YAML, both branches of its conditions included; the conditions are not meant."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from () if key == "if" else strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif value is not None:
        yield str(value)


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def bare(spec: str) -> str:
    """Return the name of a match spec, without the platform that a toolchain's name ends with.

    >>> [bare(each) for each in ("six >=1.5", "cross-python_${{ target_platform }}", "sysroot_linux-64", "python_abi")]
    ['six', 'cross-python', 'sysroot', 'python_abi']
    """
    name = re.split(r"[ =<>]", spec.replace("${{ ", "${{"))[0]
    return re.sub(rf"_(\$\{{\{{.*|{'|'.join(PLATFORMS)})$", "", name)


def asked(recipe: Path) -> Iterator[str]:
    """Give the names that a recipe asks for or constrains, for itself, its outputs and its tests."""
    data = read(recipe)
    for part in (data, *data.get("outputs", ())):
        requirements = part.get("requirements", {})
        sections = [requirements.get(key) for key in ("build", "host", "run", "run_constraints")]
        tests = [test.get("requirements") for test in part.get("tests", ()) if isinstance(test, dict)]
        for spec in strings([*sections, *tests]):
            if not spec.startswith("${{"):
                yield bare(spec)


def extras(contract: Path) -> Iterator[str]:
    for platform in PLATFORMS:
        promised = load_contract(contract, platform)
        beside = promised.promises.get("imports-with-extras", {}).get("extras", ())
        yield from (bare(spec) for spec in (*promised.environment.extras, *beside))


def outputs(recipe: Path) -> Iterator[str]:
    """Give the names of what a recipe makes, but for those that are put together."""
    data = read(recipe)
    for part in (data, *data.get("outputs", ())):
        name = str(part.get("package", part.get("recipe", {}))["name"])
        if not name.startswith("${{"):
            yield bare(name)


def beside() -> dict[str, str]:
    """Return project → name on conda-forge, of what stands beside the embedded base."""
    groups = load(Beside, ROOT).groups.values()
    return {project: name for group in groups for project, name in group.conda_names().items()}


def occurrences() -> Iterator[tuple[str, str]]:
    """Give every use of a name of conda-forge, and where it is."""
    for recipe in (*RECIPES, *BOOTSTRAP):
        yield from ((name, f"{recipe.parent.name}/recipe.yaml") for name in asked(recipe))
    for contract in (ROOT / "recipes").glob("*/contract.yaml"):
        yield from ((name, f"{contract.parent.name}/contract.yaml") for name in extras(contract))
    for variants in ("recipes/variants.yaml", "bootstrap/variants.yaml"):
        toolchain = [read(ROOT / variants)[key] for key in ("c_compiler", "cxx_compiler", "c_stdlib")]
        yield from ((name, variants) for name in strings(toolchain))
    for recipe in BOOTSTRAP:
        yield from ((name, f"bootstrap/recipes/{recipe.parent.name}") for name in outputs(recipe))
    yield from ((name, "bootstrap/tools.yaml") for name in read(ROOT / "bootstrap" / "tools.yaml"))
    yield from ((each.name, "bootstrap/python/libraries.json") for each in load(Libraries, ROOT).libraries)
    yield from ((name, "bootstrap/python/wheels.json") for name in load(Wheels, ROOT).conda_names().values())
    yield from ((name, "bootstrap/python/beside.json") for name in beside().values())
    yield from ((name, "kafka_forge.bases") for name in MADE)


def used() -> dict[str, list[str]]:
    """Return every name of conda-forge that is used here → by what."""
    found: dict[str, list[str]] = {}
    for name, where in occurrences():
        if name not in OURS:
            found.setdefault(name, []).append(where)
    return found


USED = used()


@pytest.mark.parametrize("name", sorted(USED))
def test_every_name_has_been_looked_up(name: str) -> None:
    where = ", ".join(sorted(set(USED[name])))
    if name in KNOWN.others:
        pytest.fail(
            f"{where}: {name} is {KNOWN.others[name].pypi or KNOWN.others[name].upstream}, not what it looks like"
        )
    assert name in KNOWN.names, (
        f"{where}: find out whose {name} is on conda-forge, and write it into recipes/names.yaml"
    )


def test_no_name_is_right_and_wrong_at_once() -> None:
    assert not KNOWN.names.keys() & KNOWN.others.keys()


def test_one_project_has_one_name() -> None:
    projects = [each.pypi for each in KNOWN.names.values() if each.pypi]
    assert len(projects) == len(set(projects))


def test_what_a_wheel_is_packed_as_is_its_projects_name() -> None:
    for project, name in (*load(Wheels, ROOT).conda_names().items(), *beside().items()):
        assert KNOWN.names[name].pypi == canonicalize_name(project)


def test_every_entry_says_where_it_was_seen() -> None:
    for name, each in {**KNOWN.names, **KNOWN.others, **KNOWN.coming}.items():
        pattern = r"([\w./-]+: )?[\w./-]+@[0-9a-f]{7}|conda-forge's page of the package|not found"
        assert re.fullmatch(pattern, each.seen), name


@pytest.mark.parametrize(
    ("spec", "words"),
    [("python-avro >=1.11.1,<2", "python-avro is avro-python3"), ("avro-c", "find out whose avro-c is")],
)
def test_a_name_of_another_project_is_not_taken(spec: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(USED, bare(spec), ["here"])
    with pytest.raises((AssertionError, pytest.fail.Exception), match=words):
        test_every_name_has_been_looked_up(bare(spec))
