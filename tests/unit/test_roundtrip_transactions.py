"""``roundtrip-transactions``: what a real client did passes, and each way to break it fails with its own words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import disk
from kafka_forge.roundtrips import wire
from kafka_forge.values.evidence import Transacted
from kafka_forge.values.model import Cell, Verdict
from tests.unit import told_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

# How it was captured: data/capture_roundtrip_transactions.py.
SEEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "roundtrip_transactions.json").read_text(encoding="utf-8")
)
CELL = Cell("python-confluent-kafka", "linux-64", "3.14", "python-confluent-kafka", "2.14.2", "py314_0", False)
CASES = ("committed", "aborted", "offsets", "fenced", "replaced")


def judged(seen: dict[str, Any]) -> dict[str, CheckResult]:
    logs = {
        topic: {
            int(number): Transacted(**{name: tuple(each) for name, each in log.items()}) for number, log in of.items()
        }
        for topic, of in seen["transactions"].items()
    }
    promise = {"roundtrip-transactions": {"modes": ["default"]}}
    results = told_steps.judged(CELL, promise, seen["steps"], groups=seen["groups"], transactions=logs)
    return {name.partition("/")[2][:-1]: each for name, each in results.items()}


def test_what_a_real_client_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert tuple(results) == CASES
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


def _read_before_its_commit(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["open"] = data["read"]


def _lost(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["read"].remove([2, 14, 13])


def _read_twice(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["read"].append(data["read"][0])


def _out_of_order(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["read"].reverse()


def _in_none(_data: dict[str, Any], log: dict[str, Any], _group: dict[str, Any]) -> None:
    log["1"] = {"committed": [], "aborted": [], "open": [], "plain": list(range(20))}


def _isolation_ignored(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["read"] = data["uncommitted"]


def _never_sent(data: dict[str, Any], log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["uncommitted"] = data["read"]
    for partition in log.values():
        partition["aborted"] = []


def _left_open(_data: dict[str, Any], log: dict[str, Any], _group: dict[str, Any]) -> None:
    log["0"]["open"], log["0"]["committed"] = log["0"]["committed"][10:], log["0"]["committed"][:10]


def _offsets_of_the_aborted(data: dict[str, Any], _log: dict[str, Any], group: dict[str, Any]) -> None:
    data["taken"][2] = []
    group["committed"] = {"0": 30, "1": 30, "2": 30}


def _offsets_not_taken_along(_data: dict[str, Any], _log: dict[str, Any], group: dict[str, Any]) -> None:
    group["committed"] = {}


def _not_refused(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["refused"] = None


def _refused_otherwise(data: dict[str, Any], _log: dict[str, Any], _group: dict[str, Any]) -> None:
    data["refused"] = {"type": "KafkaTimeoutError", "message": "no answer", "rightly": False}


@pytest.mark.parametrize(
    ("case", "change", "words"),
    [
        ("committed", _read_before_its_commit, "open: of 30 messages 0 did not come, and 30 that should not"),
        ("committed", _lost, "read_committed: of 60 messages 1 did not come, and 0 that should not"),
        ("committed", _read_twice, "read_committed: of 60 messages 0 did not come, and 1 that should not"),
        ("committed", _out_of_order, "read_committed: in partition 0 they came in another order"),
        ("committed", _in_none, "partition 1: in the broker's log 0 messages are committed, 0 aborted, 0 in an open"),
        (
            "aborted",
            _isolation_ignored,
            "read_committed gave 30 messages that are not committed, the first at partition",
        ),
        ("aborted", _never_sent, "read_uncommitted: of 90 messages 30 did not come, and 0 that should not"),
        ("aborted", _left_open, "10 messages are committed, 10 aborted, 10 in an open transaction and 0 in none"),
        ("offsets", _offsets_of_the_aborted, "consumed for transaction 3: of 30 messages 30 did not come"),
        ("offsets", _offsets_not_taken_along, "the broker holds the offsets {}, not 20 for each partition"),
        ("fenced", _not_refused, "the first producer's commit went through"),
        ("fenced", _refused_otherwise, "commit was refused, but for another reason: KafkaTimeoutError: no answer"),
        ("replaced", _not_refused, "what a member held that has left the group was taken into a transaction"),
        ("replaced", _refused_otherwise, "was refused, but for another reason: KafkaTimeoutError: no answer"),
        ("replaced", _offsets_not_taken_along, "the broker holds the offsets {}, not 10 for each partition"),
    ],
)
def test_each_way_to_break_it_fails_in_its_case_alone(
    case: str, change: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], None], words: str
) -> None:
    seen = copy.deepcopy(SEEN)
    (step,) = (each for each in seen["steps"] if each["case"] == case)
    data = step["data"]
    change(data, seen["transactions"][data["topic"]], seen["groups"].get(data.get("source"), {}))
    results = judged(seen)
    assert [name for name, each in results.items() if each.verdict is not Verdict.PASS] == [case]
    assert words in results[case].summary


def test_what_the_client_raised_is_told() -> None:
    seen = copy.deepcopy(SEEN)
    seen["steps"][0].update(ok=False, data={}, error={"type": "KafkaException", "message": "no"})
    (failed,) = (each for each in judged(seen).values() if each.verdict is not Verdict.PASS)
    assert failed.summary.startswith("KafkaException: no")


def test_what_became_of_transactions_is_in_the_markers_of_the_log(tmp_path: Path) -> None:
    segment = tmp_path / "aborted-0.log"
    segment.write_bytes(bytes.fromhex(SEEN["segment"]))
    batches = list(disk.read_segment(segment))
    assert [(each.offset, each.records, each.marker) for each in batches] == [
        (0, 10, None),
        (10, 1, "commit"),
        (11, 10, None),
        (21, 1, "abort"),
        (22, 10, None),
        (32, 1, "commit"),
    ]
    assert all(each.transactional and each.producer >= 0 for each in batches)
    committed, aborted = tuple(range(10)), tuple(range(11, 21))
    assert wire.sorted_out(batches) == Transacted((*committed, *range(22, 32)), aborted, (), ())
    assert wire.sorted_out(batches[:-1]) == Transacted(committed, aborted, tuple(range(22, 32)), ())


def test_a_marker_ends_the_transaction_of_its_own_producer_alone() -> None:
    one, other, neither = (disk.Batch(n, 70, "none", 1, n, transactional=n < 2) for n in range(3))
    end = disk.Batch(3, 70, "none", 1, other.producer, transactional=True, marker="abort")
    assert wire.sorted_out([one, other, neither, end]) == Transacted((), (1,), (0,), (2,))
