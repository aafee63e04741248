"""Pythons by their short names, and what is said about them: in cells, in conditions, in refusals, in plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import embedded
from kafka_forge.contracts import refusals
from kafka_forge.ground.paths import project_root
from kafka_forge.planning import plan
from kafka_forge.values import python_names, selectors
from kafka_forge.values.contract import Refusal
from kafka_forge.values.model import PLATFORMS, CheckResult, Verdict
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()


@pytest.mark.parametrize(
    ("variant", "name", "spec"),
    [
        ("3.12.* *_cpython", "3.12", "python 3.12.*"),
        ("3.15.* *_cp315", "3.15", "python 3.15.*"),
        ("3.14.* *_cp314t", "3.14t", "python 3.14.* *_cp314t"),
        ("3.13", "3.13", "python 3.13.*"),
    ],
)
def test_a_variants_python_has_a_short_name(variant: str, name: str, spec: str) -> None:
    assert python_names.named(variant) == name
    assert python_names.spec(name) == spec
    assert python_names.is_free_threaded(name) == name.endswith("t")


def test_a_free_threaded_python_stands_behind_its_twin() -> None:
    names = ["3.15", "any", "3.14t", "3.9", "3.14"]
    assert sorted(names, key=python_names.order) == ["any", "3.9", "3.14", "3.14t", "3.15"]


@pytest.mark.parametrize(
    ("condition", "true_of"),
    [
        ('match(python, "<3.14")', ("3.13",)),
        ('match(python, ">=3.14")', ("3.14", "3.14t", "3.15")),
        ("is_freethreading", ("3.14t",)),
        ('match(python, ">=3.14") and not is_freethreading', ("3.14", "3.15")),
    ],
)
def test_conditions_on_the_python_read_as_in_recipes(condition: str, true_of: tuple[str, ...]) -> None:
    pythons = ("3.13", "3.14", "3.14t", "3.15")
    assert tuple(each for each in pythons if selectors.holds(condition, "linux-64", each)) == true_of
    assert selectors.holds(condition, "linux-64") is False


@pytest.mark.parametrize("condition", ['match(perl, "5")', "match(python)", 'match(python, "new")', "match(python, 3)"])
def test_a_condition_that_is_none_is_an_error(condition: str) -> None:
    with pytest.raises(selectors.SelectorError):
        selectors.holds(condition, "linux-64", "3.14")


def test_a_refusal_for_some_pythons_is_for_free_threaded_ones_of_these_versions_too() -> None:
    refusal = Refusal(check="imports*", when="no", reason="none", see="nowhere", pythons=">=3.14")
    failed = CheckResult("imports[x]", Verdict.FAIL, "no")
    for python, verdict in (("3.13", Verdict.FAIL), ("3.14t", Verdict.REFUSED), ("3.15", Verdict.REFUSED)):
        (result,) = refusals.apply([refusal], [failed], broker=None, python=python)
        assert result.verdict is verdict, python


def planned(tmp_path: Path, python: str) -> list[plan.Planned]:
    variants = tmp_path / "variants.yaml"
    free = "true" if python.endswith("t") else "false"
    variants.write_text(f"python:\n  - {python}\nis_freethreading:\n  - {free}\n", encoding="utf-8")
    found = plan.plan(
        Selection(recipes=("pykafka",), platforms=("all",)),
        root=ROOT,
        variants=[*embedded.variants(ROOT), variants],
        lacking=embedded.lacking(ROOT),
    )
    return [each for each in found if each.cell.recipe == "pykafka"]


def test_the_cells_of_a_free_threaded_python_are_refused_with_the_reason(tmp_path: Path) -> None:
    plans = planned(tmp_path, "3.14.* *_cp314t")
    assert {each.cell.platform for each in plans} == set(PLATFORMS)
    for each in plans:
        assert each.cell.python == "3.14t"
        assert "is free-threaded" in str(each.refused)
        assert each.cell.platform in str(each.refused)


def test_a_python_is_built_where_there_is_one_and_refused_with_the_reason_elsewhere(tmp_path: Path) -> None:
    refused = {each.cell.platform: each.refused for each in planned(tmp_path, "3.15.* *_cp315")}
    assert {platform for platform, why in refused.items() if why is None} == {
        "linux-64",
        "linux-aarch64",
    }
    assert all("org.bytedeco:cpython" in why for why in refused.values() if why)


def test_a_variant_that_the_base_does_not_know_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka_forge.bases import graph

    known = graph.variants_pythons(ROOT)
    monkeypatch.setattr(graph, "variants_pythons", lambda root: (*known, "3.99"))
    reasons = {embedded.lacking(ROOT)[platform]["3.99"] for platform in PLATFORMS}
    (reason,) = reasons
    assert "bootstrap/python/wanted.yaml" in reason
    assert "relock" in reason
    assert not {"3.14", "3.15"} & embedded.lacking(ROOT)["linux-64"].keys()
