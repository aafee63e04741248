"""``roundtrip-rebalance``: what a real client did passes, and each way to break it fails with its own words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.values.model import Cell, Verdict
from tests.unit import told_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

# How it was captured: data/capture_roundtrip_rebalance.py.
SEEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "roundtrip_rebalance.json").read_text(encoding="utf-8")
)
CELL = Cell("python-confluent-kafka", "linux-64", "3.14", "python-confluent-kafka", "2.14.2", "py314_0", False)
CASES = ("classic/moving", "classic/static", "consumer/moving", "consumer/static")


def judged(seen: dict[str, Any]) -> dict[str, CheckResult]:
    promise = {"modes": ["default"], "protocols": ["classic", "consumer"]}
    results = told_steps.judged(CELL, {"roundtrip-rebalance": promise}, seen["steps"], groups=seen["groups"])
    return {name.partition("[")[2][:-1].removeprefix("default/"): each for name, each in results.items()}


def test_what_a_real_client_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert tuple(results) == CASES
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


def _not_shared(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["shared"] = [[0, 1, 2], []]


def _read_twice(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["rounds"][3].append(data["rounds"][0][0])


def _lost(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["rounds"][1].remove([2, 15])


def _not_given_back(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["left"] = [0, 1]


def _not_committed(_data: dict[str, Any], group: dict[str, Any]) -> None:
    group["committed"] = {"0": 40, "1": 30}


def _another_protocol(_data: dict[str, Any], group: dict[str, Any]) -> None:
    group["type"] = "classic"


def _undisclosed_protocol(_data: dict[str, Any], group: dict[str, Any]) -> None:
    group["type"] = None


def _other_partitions(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["after"].reverse()


def _disturbed(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["given"][1] += 2


@pytest.mark.parametrize(
    ("case", "change", "words"),
    [
        ("classic/moving", _not_shared, "two members had the partitions [0, 1, 2] and []"),
        ("classic/moving", _read_twice, "round 4: of 30 messages 0 were not read; 1 were read again"),
        ("classic/moving", _lost, "round 2: of 30 messages 1 were not read, the first at partition 2, offset 15"),
        ("consumer/moving", _not_given_back, "the member that stayed had the partitions [0, 1], not [0, 1, 2]"),
        ("consumer/moving", _not_committed, "the broker holds the offsets {0: 40, 1: 30}, not 40 for each partition"),
        ("consumer/moving", _another_protocol, "the broker says that the group has the protocol classic"),
        ("consumer/static", _undisclosed_protocol, "the broker knows no group of the protocol consumer"),
        ("consumer/static", _other_partitions, "and after the one's return"),
        ("classic/static", _disturbed, "who stayed took part in 2 rebalances meanwhile"),
    ],
)
def test_each_way_to_break_it_fails_in_its_case_alone(
    case: str, change: Callable[[dict[str, Any], dict[str, Any]], None], words: str
) -> None:
    seen = copy.deepcopy(SEEN)
    (step,) = (each for each in seen["steps"] if each["case"] == case)
    change(step["data"], seen["groups"][step["data"]["topic"]])
    results = judged(seen)
    assert [name for name, each in results.items() if each.verdict is not Verdict.PASS] == [case]
    assert words in results[case].summary


def test_what_the_client_raised_is_told() -> None:
    seen = copy.deepcopy(SEEN)
    seen["steps"][0].update(ok=False, data={}, error={"type": "KafkaException", "message": "no"})
    (failed,) = (each for each in judged(seen).values() if each.verdict is not Verdict.PASS)
    assert failed.summary.startswith("KafkaException: no")
