"""Refusals: only the failure that was foreseen is refused, nothing is ever passed, and none outlives its reason."""

from __future__ import annotations

from typing import Any

import pytest

from kafka_forge.contracts import refusals
from kafka_forge.values.contract import Refusal
from kafka_forge.values.model import CheckResult, Verdict


def refusal(**changes: Any) -> Refusal:
    known = {
        "check": "roundtrip-*[pure/consume/*]",
        "when": "nothing arrived",
        "reason": "its protocol is too old",
        "see": "https://example.org/KIP",
    }
    return Refusal(**{**known, **changes})


def failed(identifier: str, summary: str = "nothing arrived", **evidence: Any) -> CheckResult:
    return CheckResult(identifier, Verdict.FAIL, summary, evidence)


CONSUME = "roundtrip-delivery[pure/consume/gzip]"


def test_a_foreseen_failure_is_refused_with_its_reason_and_what_was_seen() -> None:
    (result,) = refusals.apply([refusal()], [failed(CONSUME)], broker="4.2.0", python="3.12")
    assert result.verdict is Verdict.REFUSED
    assert result.summary == "its protocol is too old (https://example.org/KIP)"
    assert result.evidence["failure"] == "nothing arrived"


def test_the_reason_may_show_in_the_evidence() -> None:
    seen = failed(CONSUME, "242 messages are missing", log=["nothing arrived"])
    (result,) = refusals.apply([refusal()], [seen], broker="4.2.0", python="3.12")
    assert result.verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    "other",
    [
        failed(CONSUME, "1 message is missing"),
        failed("roundtrip-delivery[pure/produce/gzip]"),
        failed("roundtrip-delivery[rdkafka/consume/gzip]"),
        failed("features"),
    ],
)
def test_any_other_failure_stays_one(other: CheckResult) -> None:
    assert refusals.apply([refusal()], [other], broker="4.2.0", python="3.12") == [other]


def test_a_refusal_that_does_not_come_true_is_a_failure() -> None:
    passed = CheckResult(CONSUME, Verdict.PASS, "242 messages")
    kept, stale = refusals.apply([refusal()], [passed], broker="4.2.0", python="3.12")
    assert kept is passed
    assert (stale.verdict, stale.id) == (Verdict.FAIL, "stale-refusal[roundtrip-*[pure/consume/*]]")
    assert stale.evidence["passed"] == [CONSUME]


def test_a_refusal_of_what_was_not_tried_is_not_stale() -> None:
    inspected = CheckResult("features", Verdict.PASS, "all")
    assert refusals.apply([refusal()], [inspected], broker=None, python="3.12") == [inspected]


@pytest.mark.parametrize(
    ("limits", "broker", "python", "verdict"),
    [
        ({"brokers": ">=4.0"}, "4.2.0", "3.12", Verdict.REFUSED),
        ({"brokers": ">=4.0"}, "3.9.1", "3.12", Verdict.FAIL),
        ({"brokers": ">=4.0"}, "4.4+", "3.12", Verdict.REFUSED),
        ({"brokers": "<2.1"}, "4.4+", "3.12", Verdict.FAIL),
        ({"brokers": ">=4.0"}, "unknown", "3.12", Verdict.REFUSED),
        ({"pythons": ">=3.12"}, "4.2.0", "3.9", Verdict.FAIL),
        ({"pythons": ">=3.9"}, "4.2.0", "3.10", Verdict.REFUSED),
        ({"pythons": ">=3.12"}, "4.2.0", None, Verdict.REFUSED),
    ],
)
def test_a_refusal_may_be_about_some_brokers_or_pythons(
    limits: dict[str, str], broker: str, python: str | None, verdict: Verdict
) -> None:
    (result,) = refusals.apply([refusal(**limits)], [failed(CONSUME)], broker=broker, python=python)
    assert result.verdict is verdict


@pytest.mark.parametrize(("broker", "stale"), [("4.2.0", True), ("4.4+", True), ("3.9.1", False), ("unknown", False)])
def test_only_a_refusal_that_surely_applies_can_be_stale(broker: str, stale: bool) -> None:
    passed = CheckResult(CONSUME, Verdict.PASS, "242 messages")
    results = refusals.apply([refusal(brokers=">=4.0")], [passed], broker=broker, python="3.12")
    assert (len(results) == 2) is stale
