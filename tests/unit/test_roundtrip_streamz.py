"""``roundtrip-streamz``: what the mended sources did passes, and each way to break it fails."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.scenarios import corpus
from kafka_forge.values.model import Cell, Verdict
from tests.unit import told_steps

if TYPE_CHECKING:
    from kafka_forge.values.model import CheckResult

# What the scenario told of streamz 0.6.6 with the recipe's patches, on 2026-11-30.
SEEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "roundtrip_streamz.json").read_text(encoding="utf-8")
)
CELL = Cell("streamz", "linux-64", None, "streamz", "0.6.6", "pyh0_0", noarch=True)


def judged(steps: list[dict[str, Any]]) -> dict[str, CheckResult]:
    return told_steps.judged(CELL, {"roundtrip-streamz": {"modes": ["sources"]}}, steps)


def test_what_the_mended_sources_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert list(results) == [f"roundtrip-streamz[sources/{case}]" for case in corpus.STREAMZ_CASES]
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("case", "data", "said"),
    [
        ("first", {"values": ["1", "2", "3", "4"]}, "['1', '2', '3', '4'] came through"),
        ("kept", {"values": ["a", "b", "c"]}, "['a', 'b', 'c'] came through"),
        ("after", {"early": True}, "before what it stands for had been processed"),
        ("after", {"late": False}, "was not committed"),
        ("failed", {"early": True}, "before what it stands for had been processed"),
        ("markers", {"values": []}, "[] came through"),
        ("markers", {"late": False}, "was not committed"),
        ("ordered", {"early": True}, "before what it stands for had been processed"),
        ("settings", {"changed": ["auto.offset.reset"]}, "its caller's settings: auto.offset.reset"),
        ("dask", {"values": ["a"]}, "['a'] came through"),
        ("dask-after", {"early": True}, "before what it stands for had been processed"),
    ],
)
def test_each_falsification_fails(case: str, data: dict[str, Any], said: str) -> None:
    steps = copy.deepcopy(SEEN)
    next(step["data"] for step in steps if step["case"] == case).update(data)
    result = judged(steps)[f"roundtrip-streamz[sources/{case}]"]
    assert result.verdict is Verdict.FAIL
    assert said in result.summary


def test_a_case_of_which_nothing_was_told_fails() -> None:
    results = judged([step for step in SEEN if step["case"] != "ordered"])
    assert results["roundtrip-streamz[sources/ordered]"].verdict is Verdict.FAIL
