"""``kafka-forge test`` runs what is named, and no more."""

from __future__ import annotations

import pytest

from kafka_forge.cli import test
from kafka_forge.cli.test import tests_of as asked_of


@pytest.mark.parametrize(
    ("arguments", "unit", "integration"),
    [
        ([], [["tests/unit"]], [["tests/integration"]]),
        (["-k", "ports"], [["tests/unit", "-k", "ports"]], [["tests/integration", "-k", "ports"]]),
        (["-x", "tests/unit/test_ports.py"], [["-x", "tests/unit/test_ports.py"]], []),
        (["tests/integration/zoo", "-x"], [], [["tests/integration/zoo", "-x"]]),
        (["tests/integration/test_a.py::test_b[c/d]"], [], [["tests/integration/test_a.py::test_b[c/d]"]]),
        (["tests/unit", "tests/integration", "-x"], [["tests/unit", "-x"]], [["tests/integration", "-x"]]),
    ],
)
def test_a_path_stands_in_place_of_all(
    arguments: list[str], unit: list[list[str]], integration: list[list[str]]
) -> None:
    assert (asked_of("unit", arguments), asked_of("integration", arguments)) == (unit, integration)


@pytest.mark.parametrize(("cores", "unit", "integration"), [(1, None, 2), (2, 2, 3), (4, 4, 6), (7, 7, 10)])
def test_what_waits_has_more_files_side_by_side_than_there_are_processors(
    cores: int, unit: int | None, integration: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test, "available_cores", lambda: cores)
    assert test.side_by_side("unit", None)[:2] == (["-n", str(unit)] if unit else [])
    assert test.side_by_side("integration", None)[:2] == ["-n", str(integration)]
    assert test.side_by_side("integration", 5)[:2] == ["-n", "5"]
    assert test.side_by_side("integration", 1) == []
