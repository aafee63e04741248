"""``roundtrip-share-group``: what a real client did passes, and each way to break it fails with its own words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.contracts import refusals
from kafka_forge.contracts.loading import load_contract
from kafka_forge.ground.paths import project_root
from kafka_forge.values.model import Cell, Verdict
from tests.unit import told_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

# How it was captured: data/capture_roundtrip_share_group.py.
SEEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "roundtrip_share_group.json").read_text(encoding="utf-8")
)
CELL = Cell("python-confluent-kafka", "linux-64", "3.14", "python-confluent-kafka", "2.16.1", "py314_0", False)
CASES = ("shared", "answered", "limited", "lapsed")


def judged(seen: dict[str, Any]) -> dict[str, CheckResult]:
    promise = {"roundtrip-share-group": {"modes": ["default"]}}
    results = told_steps.judged(CELL, promise, seen["steps"], shares=seen["shares"])
    return {name.partition("[")[2][:-1].removeprefix("default/"): each for name, each in results.items()}


def test_what_a_real_client_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert tuple(results) == CASES
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


def test_what_the_broker_is_done_with_it_need_not_keep() -> None:
    """Its start moves on when it likes, and what is before that it forgets."""
    seen = copy.deepcopy(SEEN)
    seen["shares"]["default/shared"] |= {"start": 180, "messages": {}}
    assert judged(seen)["shared"].verdict is Verdict.PASS


def test_a_member_that_is_slow_itself_has_the_message_once_more() -> None:
    seen = copy.deepcopy(SEEN)
    (step,) = (each for each in seen["steps"] if each["case"] == "lapsed")
    step["data"]["answers"].append([0, 3, "accept"])
    step["data"]["refused"].append("INVALID_RECORD_STATE")
    seen["shares"]["default/lapsed"]["messages"]["0"] = ["acknowledged", 3]
    assert judged(seen)["lapsed"].verdict is Verdict.PASS


def _one_holds_nothing(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["held"][0] += data["held"].pop()
    data["held"].append([])


def _lost(data: dict[str, Any], _group: dict[str, Any]) -> None:
    (holding,) = (each for each in data["held"] if [14, 1] in each)
    holding.remove([14, 1])


def _to_two_members(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["taken"][2].append([3, 1])


def _not_accepted(_data: dict[str, Any], group: dict[str, Any]) -> None:
    group["start"] = 100
    group["messages"]["120"] = ["available", 1]


def _answer_refused(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["refused"].append("INVALID_RECORD_STATE")


def _accepted_again(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["answers"].insert(-1, [3, 2, "accept"])


def _rejected_again(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["answers"].insert(-1, [5, 2, "accept"])


def _uncounted(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["answers"][data["answers"].index([4, 2, "accept"])][1] = 1


def _released_kept_as_rejected(_data: dict[str, Any], group: dict[str, Any]) -> None:
    group["messages"]["1"] = ["archived", 1]


def _lock_not_kept(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["answers"].append([0, 2, "accept"])


def _too_seldom(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["answers"].remove([1, 5, "release"])


def _too_often(data: dict[str, Any], group: dict[str, Any]) -> None:
    data["answers"].append([1, 6, "release"])
    group["messages"]["1"] = ["archived", 6]


def _late_and_taken(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["late"] = None


def _never_lapsed(data: dict[str, Any], group: dict[str, Any]) -> None:
    data["answers"] = []
    group["messages"]["0"] = ["acknowledged", 1]


def _held_more(data: dict[str, Any], _group: dict[str, Any]) -> None:
    data["held"].append([1, 1])


@pytest.mark.parametrize(
    ("case", "change", "words"),
    [
        ("shared", _one_holds_nothing, "1 of 3 members held nothing"),
        ("shared", _lost, "1 of 180 messages were not delivered, the first at offset 14"),
        ("shared", _to_two_members, "1 messages were delivered more often than they should, the first at offset 3: 2 "),
        ("shared", _not_accepted, "the broker keeps 1 messages otherwise, the first at offset 120: available after 1 "),
        ("shared", _answer_refused, "the broker did not take an answer: INVALID_RECORD_STATE"),
        ("answered", _accepted_again, "1 messages were delivered more often than they should, the first at offset 3"),
        ("answered", _rejected_again, "the first at offset 5: 2 times, not 1"),
        ("answered", _uncounted, "1 messages have other numbers of their deliveries, the first at offset 4: [1, 1], "),
        ("answered", _released_kept_as_rejected, "offset 1: archived after 1 deliveries, not acknowledged after 2"),
        ("answered", _lock_not_kept, "the first at offset 0: 1 times, not 0"),
        ("limited", _too_seldom, "the first at offset 1: [1, 2, 3, 4], not [1, 2, 3, 4, 5]"),
        ("limited", _too_often, "offset 1: 6 times, not 5; the broker keeps 1 messages otherwise"),
        ("lapsed", _late_and_taken, "the broker took an answer that came too late"),
        ("lapsed", _never_lapsed, "1 of 1 messages were not delivered, the first at offset 0; the broker keeps 1 "),
        ("lapsed", _held_more, "who was to hold the first message held [[0, 1], [1, 1]]"),
    ],
)
def test_each_way_to_break_it_fails_in_its_case_alone(
    case: str, change: Callable[[dict[str, Any], dict[str, Any]], None], words: str
) -> None:
    seen = copy.deepcopy(SEEN)
    (step,) = (each for each in seen["steps"] if each["case"] == case)
    change(step["data"], seen["shares"][f"default/{case}"])
    results = judged(seen)
    assert [name for name, each in results.items() if each.verdict is not Verdict.PASS] == [case]
    assert words in results[case].summary


RAISED = {
    "NoShareGroupsError": "confluent-kafka 2.14.2 has no ShareConsumer",
    "KafkaException": "KafkaError{FATAL,code=UNSUPPORTED_VERSION,val=35,str=…}",
    "TimedOutError": "it did not come to this: a member gets messages",
}
"""What clients were seen to raise: one without share groups, and 2.16.1 with Kafka 4.1.2 and with 3.9.2."""


@pytest.mark.parametrize(
    ("version", "broker", "raised", "reason"),
    [
        ("2.16.1", "4.1.2", "KafkaException", "Kafka has share groups from 4.2 on"),
        ("2.16.1", "3.9.2", "TimedOutError", "Kafka has share groups from 4.2 on"),
        ("2.16.1", "4.2.2", "TimedOutError", None),
        ("2.16.1", "4.4.0", "NoShareGroupsError", None),
    ],
)
def test_what_is_too_old_is_refused_and_nothing_else(
    version: str, broker: str, raised: str, reason: str | None
) -> None:
    seen = copy.deepcopy(SEEN)
    for step in seen["steps"]:
        step.update(ok=False, data={}, error={"type": raised, "message": RAISED[raised]})
    seen["shares"] = {}
    failed = [each for each in judged(seen).values() if each.verdict is Verdict.FAIL]
    assert [each.summary.partition(";")[0] for each in failed] == [f"{raised}: {RAISED[raised]}"] * len(CASES)
    path = project_root() / "recipes" / "python-confluent-kafka" / "contract.yaml"
    contract = load_contract(path, "linux-64", "3.14", version=version)
    results = refusals.apply(contract.refusals, failed, broker=broker, python="3.14")
    assert {each.verdict for each in results} == {Verdict.REFUSED if reason else Verdict.FAIL}
    assert all(each.summary.startswith(reason or raised) for each in results)


@pytest.mark.parametrize(("version", "promised"), [("2.14.2", False), ("2.15.0", True), ("2.16.1", True)])
def test_share_groups_are_promised_from_the_version_on_that_has_them(version: str, promised: bool) -> None:
    path = project_root() / "recipes" / "python-confluent-kafka" / "contract.yaml"
    contract = load_contract(path, "linux-64", "3.14", version=version)
    assert ("roundtrip-share-group" in contract.promises) is promised
