"""What is reused, and what is never trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kafka_forge.building import build, keys
from kafka_forge.ground.files import sha256_of
from kafka_forge.values.model import Cell

if TYPE_CHECKING:
    from pathlib import Path

CELL = Cell("pykafka", "linux-64", "3.12", "pykafka", "2.8.0", "py312habc_0", noarch=False)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A channel in which the cell's artifact stands, built with key ``k1``."""
    file = tmp_path / CELL.subdir / CELL.filename
    file.parent.mkdir()
    file.write_bytes(b"conda")
    note = tmp_path / ".notes" / CELL.subdir / f"{CELL.filename}.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"key": "k1", "sha256": sha256_of(file)}))
    return tmp_path


def test_an_unchanged_artifact_is_reused(output: Path) -> None:
    found = build.find_built(output, CELL, "k1")
    assert found is not None
    assert found.reused
    assert found.size == 5


def test_a_changed_recipe_is_not(output: Path) -> None:
    assert build.find_built(output, CELL, "k2") is None


def test_exchanged_bytes_are_not(output: Path) -> None:
    (output / CELL.subdir / CELL.filename).write_bytes(b"other")
    assert build.find_built(output, CELL, "k1") is None


def test_a_half_written_note_is_not(output: Path) -> None:
    (output / ".notes" / CELL.subdir / f"{CELL.filename}.json").write_text('{"key": "k1", "sha')
    assert build.find_built(output, CELL, "k1") is None


def test_the_contract_is_no_part_of_the_artifact(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("a")
    before = keys.folder_digest(tmp_path)
    (tmp_path / "contract.yaml").write_text("promises: {}")
    assert keys.folder_digest(tmp_path) == before
    (tmp_path / "package" / "__pycache__").mkdir(parents=True)
    (tmp_path / "package" / "__pycache__" / "module.cpython-314.pyc").touch()
    assert keys.folder_digest(tmp_path) == before
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches" / "0001-mend.patch").write_text("b")
    assert keys.folder_digest(tmp_path) != before


def test_what_the_tool_added_is_a_share_of_the_scripts_own_time(output: Path) -> None:
    note = output / ".notes" / CELL.subdir / f"{CELL.filename}.json"
    assert build.overhead(output, CELL) is None
    note.write_text(json.dumps({"seconds": 63.0, "script_seconds": 60.0}))
    assert build.overhead(output, CELL) == pytest.approx(0.05)
