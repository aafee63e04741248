"""What stands beside the embedded base: for whom it is made, and that nobody else notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge import bases
from kafka_forge.bases import beside, pythons
from kafka_forge.bases.python_locks import Beside, Interpreters, Wheels, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.building import build
from kafka_forge.errors import NoNetwork
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.planning import plan
from kafka_forge.values.model import BASE_HAS_PYTHON, PLATFORMS, CheckResult, Verdict
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
LOCK = load(Beside, ROOT)
WRITTEN_BY_NEW = {"aiokafka"}
"""Recipes that are none of this repository's: `kafka-forge new` writes them; what they need is for every platform."""
RECIPES = {recipe for group in LOCK.groups.values() for recipe in group.recipes}


def planned(*recipes: str, platform: str = "linux-64") -> dict[str, plan.Planned]:
    found = plan.plan(
        Selection(recipes, (platform,)),
        root=ROOT,
        variants=bases.variants("embedded", ROOT),
        lacking=bases.lacking("embedded", ROOT),
        with_dependencies=True,
    )
    return {each.cell.id: each for each in found}


def test_the_recipes_that_it_is_for_are_there() -> None:
    assert RECIPES - WRITTEN_BY_NEW == {"dask-kafka-ranges", "streamz"} <= set(plan.recipe_names(ROOT))


def test_no_package_is_in_two_places() -> None:
    names = [*load(Wheels, ROOT).conda_names().values()]
    for group in LOCK.groups.values():
        names += {*group.conda_names().values()}
    assert len(names) == len(set(names))


def test_it_is_no_part_of_the_base() -> None:
    """The fingerprint of the base is made of these names."""
    lock = load(Interpreters, ROOT)
    base = set(pythons.file_names(ROOT, "linux-64", [each.python for each in lock.interpreters]))
    shop = Workshop("linux-64", ROOT, Cache(ROOT), Silent())
    for name, group in LOCK.groups.items():
        made = {each.path.name for each in pythons.of_group(shop, group.pythons, LOCK, name)}
        assert made
        assert not made & base


def test_who_builds_none_of_its_recipes_makes_nothing(tmp_path: Path) -> None:
    others = sorted({*plan.recipe_names(ROOT)} - RECIPES)
    assert beside.ensure(ROOT, "linux-64", others, Cache(tmp_path), Silent()) == ()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("platform", sorted({*PLATFORMS} - {"linux-64"}))
def test_where_it_is_not_its_recipes_are_refused_and_the_others_are_not(platform: str) -> None:
    cells = planned("dask-kafka-ranges", "kafka-python", "streamz", platform=platform)
    refused = {each.cell.recipe for each in cells.values() if each.refused and not each.cell.python}
    assert refused == RECIPES - WRITTEN_BY_NEW
    assert "(bootstrap/python/beside.json) for linux-64 only" in str(cells[f"streamz/{platform}/any"].refused)


def test_a_cell_for_every_python_is_built_on_those_that_there_are_and_does_without_one_that_is_lost() -> None:
    cells = planned("dask-kafka-ranges")
    mine = cells["dask-kafka-ranges/linux-64/any"]
    below = {
        each for each, other in cells.items() if other.cell.recipe == "python-confluent-kafka" and not other.refused
    }
    assert "python-confluent-kafka/linux-64/3.14" in below
    assert set(mine.built_on) == below
    line = build._Line(cells, keep_going=True)
    line.lose_pythons("linux-64", {"3.15": "it has rolled away"})
    assert mine.cell.id in line.waiting
    assert line.lost["python-confluent-kafka/linux-64/3.15"].verdict is Verdict.REFUSED
    assert BASE_HAS_PYTHON in {each.id for each in line.lost.values() if isinstance(each, CheckResult)}


def test_what_cannot_be_made_loses_its_recipes_and_no_other() -> None:
    line = build._Line(planned("dask-kafka-ranges", "kafka-python"), keep_going=True)
    error = NoNetwork("the index does not answer", todo="wait.")
    line.lose_platform("linux-64", error, "dask-kafka-ranges")
    assert line.lost["dask-kafka-ranges/linux-64/any"].verdict is Verdict.FAIL
    assert "kafka-python/linux-64/any" in line.waiting
