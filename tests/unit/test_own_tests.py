"""``own-tests``: what a real librdkafka 2.14.2 answered passes; a failed test, a missing one, an early end do not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafka_forge import checks
from kafka_forge.inspection import own_tests
from kafka_forge.scenarios import own_tests as program
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import Artifact, Cell, CheckResult, Environment, Verdict
from kafka_forge.values.runner import NATIVE

NAMES = """
    sysqueue string map rdbuf rdvarint crc32c msg murmurhash fnv1a mock rdhdrhistogram conf broker request
    sasl_oauthbearer aborted_txns cgrp scram assignors http sasl_oauthbearer_oidc sasl_oauthbearer_oidc_jwt_bearer
    sasl_oauthbearer_oidc_assertion admin telemetry telemetry_decode feature ssl
"""
SEEN: dict[str, Any] = {
    "tests": dict.fromkeys(NAMES.split(), True),
    "parts": [],
    "status": 0,
    "lines": ["RDUT: INFO: rdunittest.c:529: rd_unittest: unittest: ssl: PASS"],
    "seconds": 5.4,
    "ran": "2026-11-30T21:00:00+00:00",
    "reused": False,
}
CELL = Cell("librdkafka", "linux-64", None, "librdkafka", "2.14.2", "h0_100", noarch=False)
HERE = Environment(Artifact(CELL, Path("x"), "0" * 64, 1), Path("/p"), None, (), runner=NATIVE)


def judged(seen: dict[str, Any], environment: Environment = HERE) -> CheckResult:
    check = checks.by_id()["own-tests"]
    evidence = InspectEvidence(environment, (), (), {}, (), {}, 0.0, own_tests=seen)
    (result,) = check.judge(check.arguments.model_validate({"among": ["crc32c", "ssl"]}), evidence)
    return result


def test_all_that_pass_are_counted_with_their_seconds() -> None:
    result = judged(SEEN)
    assert result.verdict is Verdict.PASS
    assert "all 28 of librdkafka's own tests pass" in result.summary
    assert result.seconds == pytest.approx(5.4)


def test_what_passed_before_is_said_with_its_time_and_costs_nothing() -> None:
    result = judged({**SEEN, "reused": True})
    assert result.verdict is Verdict.PASS
    assert "pass" in result.summary
    assert "on 2026-11-30T21:00:00+00:00, and nothing has changed since" in result.summary
    assert result.seconds == 0


def test_what_an_emulator_was_spared_is_said() -> None:
    assert "that take no minutes under an emulator" in judged({**SEEN, "parts": ["e", "c"]}).summary


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"tests": {**SEEN["tests"], "crc32c": False}, "status": 1, "lines": ["RDUT: FAIL: crc32c.c:1: x"]},
            "failed: crc32c (RDUT: FAIL: crc32c.c:1: x)",
        ),
        ({"tests": {"crc32c": True}}, "not compiled in: ssl"),
        (
            {
                "tests": {"crc32c": True},
                "status": None,
                "ended_for": "its time was up",
                "lines": ["RDUT: WARN: x"],
            },
            "the tests were ended, for its time was up, after crc32c: RDUT: WARN: x",
        ),
        ({"tests": {}, "status": None, "ended_for": "its time was up", "lines": []}, "up, in the first of them"),
        ({"status": -11}, "ended with status -11"),
        ({"tests": {}, "status": 2}, "carries tests"),
    ],
)
def test_each_way_to_fail_is_named(changed: dict[str, Any], says: str) -> None:
    result = judged({**SEEN, **changed})
    assert result.verdict is Verdict.FAIL
    assert says in result.summary


def test_where_nothing_can_be_run_it_stays_open() -> None:
    assert judged({}, replace(HERE, runner=None)).verdict is Verdict.INSPECTED


def test_a_library_that_has_no_tests_says_so_by_its_status() -> None:
    assert program.run(object(), []) == 2


class Library:
    """Fails so often before it passes, and notes which part was asked for."""

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.asked: list[str] = []

    def rd_kafka_unittest(self) -> int:
        self.asked.append(os.environ["RD_UT_TEST"])
        self.fails -= 1
        return int(self.fails >= 0)


def test_the_test_that_asks_a_clock_is_tried_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RD_UT_TEST", "")
    library = Library(fails=3)
    assert program.run(library, []) == 1
    assert library.asked == ["", "telemetry_decode", "telemetry_decode", "telemetry_decode"]
    whole = Library(fails=0)
    assert program.run(whole, ["e", "c"]) == 0
    assert whole.asked == ["e", "c"]
    broken = Library(fails=1000)
    assert program.run(broken, []) == 1
    assert len(broken.asked) == 21


def test_a_status_of_one_counts_by_how_the_tests_ended_at_last() -> None:
    assert own_tests._status(1, {"telemetry_decode": True}) == 0
    assert own_tests._status(1, {"telemetry_decode": True, "crc32c": False}) == 1
    assert own_tests._status(-11, {"telemetry_decode": True}) == -11
    assert own_tests._status(1, {}) == 1
