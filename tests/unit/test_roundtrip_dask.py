"""``roundtrip-dask``: what a real cluster did passes, and each way to break it fails."""

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
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

# What the scenario told, and what the witness read of its topic, on 2026-11-30; eight messages of each case are kept.
SEEN: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "roundtrip_dask.json").read_text(encoding="utf-8"))
CELL = Cell("dask-kafka-ranges", "linux-64", None, "dask-kafka-ranges", "0.1.0", "pyh0_0", noarch=True)


def judged(seen: dict[str, Any]) -> dict[str, CheckResult]:
    topics, witness = {"dask": {"none": seen["topic"]}}, {seen["topic"]: seen["records"]}
    promises = {"roundtrip-dask": {"modes": ["dask"]}}
    return told_steps.judged(CELL, promises, seen["steps"], topics=topics, witness=witness)


def test_what_a_real_cluster_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert list(results) == [f"roundtrip-dask[dask/{case}]" for case in corpus.DASK_CASES]
    assert {each.verdict for each in results.values()} == {Verdict.PASS}
    assert "expected" not in str(results["roundtrip-dask[dask/bytes]"].evidence.get("data"))


def _of(seen: dict[str, Any], case: str) -> list[dict[str, Any]]:
    prefix = f"{case}/".encode().hex()
    return [record for record in seen["records"] if record["key"].startswith(prefix)]


@pytest.mark.parametrize("case", corpus.DASK_CASES)
def test_a_message_that_is_missing_fails(case: str) -> None:
    seen = copy.deepcopy(SEEN)
    seen["records"].remove(_of(seen, case)[0])
    result = judged(seen)[f"roundtrip-dask[dask/{case}]"]
    assert result.verdict is Verdict.FAIL
    assert "1 are not there, 0 are there" in result.summary


@pytest.mark.parametrize("case", corpus.DASK_CASES)
def test_a_message_that_is_there_twice_fails(case: str) -> None:
    seen = copy.deepcopy(SEEN)
    seen["records"].append(_of(seen, case)[0])
    result = judged(seen)[f"roundtrip-dask[dask/{case}]"]
    assert result.verdict is Verdict.FAIL
    assert "0 are not there, 1 are there that should not, 1 more than once" in result.summary


@pytest.mark.parametrize(
    ("case", "falsify", "said"),
    [
        ("bytes", lambda data: data.update(expected=[]), "a plain loop gives nothing"),
        ("avro", lambda data: data.update(differ=1), "1 of them others"),
        ("avro", lambda data: data.update(rows=7), "the dataframe has 7 rows"),
        ("killed", lambda data: data.update(killed=False), "no worker was killed"),
        ("killed", lambda data: data.update(survived=True), "no worker was killed"),
        ("again", lambda data: data.update(twice=3), "3 messages were written again"),
        ("again", lambda data: data.update(skipped=15), "of 16 parts that had been written 15 were found done"),
        ("again", lambda data: data.update(ranges=0, skipped=0), "of 0 parts"),
    ],
)
def test_each_falsification_fails(case: str, falsify: Callable[[dict[str, Any]], None], said: str) -> None:
    seen = copy.deepcopy(SEEN)
    falsify(next(step["data"] for step in seen["steps"] if step["case"] == case))
    result = judged(seen)[f"roundtrip-dask[dask/{case}]"]
    assert result.verdict is Verdict.FAIL
    assert said in result.summary


def test_a_case_of_which_nothing_was_told_fails() -> None:
    seen = copy.deepcopy(SEEN)
    seen["steps"] = [step for step in seen["steps"] if step["case"] != "killed"]
    assert judged(seen)["roundtrip-dask[dask/killed]"].verdict is Verdict.FAIL
