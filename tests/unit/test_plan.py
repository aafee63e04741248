"""The cells and their order, on the project's own recipes and on recipes made to be wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kafka_forge.errors import RecipeInvalid, UnknownPlatform, UnknownPython, UnknownRecipe
from kafka_forge.planning import plan
from kafka_forge.values.model import PLATFORMS
from kafka_forge.values.selection import Selection

ROOT = Path(__file__).parents[2]
EMBEDDED = [ROOT / "bootstrap" / "variants.yaml"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t", "3.15"]


def cells(selection: Selection, with_dependencies: bool = False) -> list[str]:
    return [
        each.cell.id for each in plan.plan(selection, root=ROOT, variants=EMBEDDED, with_dependencies=with_dependencies)
    ]


def test_sixteen_artifacts_each_after_what_it_is_built_on() -> None:
    found = cells(Selection(platforms=("linux-64",)))
    assert len(found) == 16
    assert found.index("librdkafka/linux-64/any") < found.index("pykafka/linux-64/3.11")
    assert [each for each in found if each.startswith("pykafka/")] == [f"pykafka/linux-64/{each}" for each in PYTHONS]
    assert "kafka-python/linux-64/any" in found


def test_six_platforms_in_one_call() -> None:
    found = cells(Selection(platforms=("all",)))
    assert {each.split("/")[1] for each in found} == set(PLATFORMS)


def test_conda_forge_and_the_embedded_base_have_build_strings_of_their_own() -> None:
    here = plan.plan(Selection(recipes=("librdkafka",), platforms=("linux-64",)), root=ROOT, variants=EMBEDDED)
    there = plan.plan(Selection(recipes=("librdkafka",), platforms=("linux-64",)), root=ROOT, variants=[])
    assert here[0].cell.build != there[0].cell.build
    assert here[0].cell.version == there[0].cell.version


def test_what_a_cell_is_built_on_comes_along_only_for_building() -> None:
    one = Selection(recipes=("pykafka",), platforms=("linux-64",), pythons=("3.12",))
    assert cells(one) == ["pykafka/linux-64/3.12"]
    plans = plan.plan(one, root=ROOT, variants=EMBEDDED, with_dependencies=True)
    assert [(each.cell.id, each.selected) for each in plans] == [
        ("librdkafka/linux-64/any", False),
        ("pykafka/linux-64/3.12", True),
    ]


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (Selection(recipes=("pykafca",)), UnknownRecipe),
        (Selection(platforms=("linux-65",)), UnknownPlatform),
        (Selection(platforms=("linux-64",), pythons=("2.7",)), UnknownPython),
    ],
)
def test_names_that_do_not_exist(selection: Selection, error: type[Exception]) -> None:
    with pytest.raises(error):
        cells(selection)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose recipes may be spoilt."""
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    return tmp_path


def spoil(checkout: Path, recipe: str, before: str, after: str) -> None:
    file = checkout / "recipes" / recipe / "recipe.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_recipe_that_is_no_yaml_names_file_and_line(checkout: Path) -> None:
    spoil(checkout, "pykafka", "build:\n", "build: [\n")
    with pytest.raises(RecipeInvalid) as caught:
        plan.plan(Selection(platforms=("linux-64",)), root=checkout, variants=EMBEDDED)
    assert "pykafka/recipe.yaml" in str(caught.value.where)
    assert str(caught.value.where).rsplit(":", 1)[-1].isdigit()


def test_a_circle_of_recipes_is_shown(checkout: Path) -> None:
    spoil(checkout, "librdkafka", "    - libcurl\n", "    - libcurl\n    - kafka-python\n")
    spoil(checkout, "kafka-python", "  host:\n", "  host:\n    - librdkafka\n")
    with pytest.raises(RecipeInvalid, match="circle") as caught:
        plan.plan(Selection(platforms=("linux-64",)), root=checkout, variants=EMBEDDED)
    assert "librdkafka" in caught.value.details[0]


def test_a_python_that_the_base_lacks_gives_refused_cells_with_the_reason() -> None:
    lacking = {"linux-ppc64le": {"3.14": "no registry has it"}}
    selection = Selection(platforms=("linux-64", "linux-ppc64le"))
    found = plan.plan(selection, root=ROOT, variants=EMBEDDED, lacking=lacking)
    refused = {each.cell.id: each.refused for each in found if each.refused}
    assert refused.keys() == {"pykafka/linux-ppc64le/3.14", "python-confluent-kafka/linux-ppc64le/3.14"}
    assert all("no registry has it" in reason for reason in refused.values())


def test_what_serves_all_platforms_is_one_artifact_whichever_it_is_wanted_for() -> None:
    found = plan.plan(Selection(recipes=("kafka-python",), platforms=PLATFORMS), root=ROOT, variants=EMBEDDED)
    assert len(found) == len(PLATFORMS)
    assert len({each.cell.filename for each in found}) == 1
    assert {each.rendered.digest for each in found} == {found[0].rendered.digest}
