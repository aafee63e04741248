"""The check ``gil-stays-off``: what it concludes of what the probe saw, and what the probe sees here."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from kafka_forge.checks.gil_stays_off import CHECK
from kafka_forge.contracts import refusals
from kafka_forge.contracts.loading import load_contract
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import modules_of
from kafka_forge.values.model import CheckResult, JsonObject, Verdict

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence

RECIPES = project_root() / "recipes"
WARNING = (
    "The global interpreter lock (GIL) has been enabled to load module '{}', which has not declared that it can run "
    "safely without the GIL."
)
"""CPython's own words, Python/import.c."""


def gil(*, before: bool = False, after: bool = False, said: str = "") -> JsonObject:
    return {
        "ok": True,
        "file": "x.py",
        "version": None,
        "error": None,
        "gil": {"before": before, "after": after, "said": said},
    }


def judge(modules: tuple[str, ...], imports: JsonObject) -> list[CheckResult]:
    evidence = cast("InspectEvidence", SimpleNamespace(probe={"imports": imports}))
    return CHECK.judge(CHECK.arguments(modules=modules), evidence)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (gil(), "a leaves the lock off"),
        (gil(after=True, said=WARNING.format("a")), "turns the lock on: The global interpreter lock"),
        (gil(before=True, after=True), "what was imported before it"),
        ({"ok": True, "file": "x.py", "version": None, "error": None}, "always has the lock"),
        ({"ok": False, "file": None, "version": None, "error": "ImportError: no"}, "ImportError: no"),
        (None, "was not tried"),
    ],
)
def test_only_a_lock_that_stays_off_passes(answer: JsonObject | None, expected: str) -> None:
    (result,) = judge(("a",), {"a": answer} if answer else {})
    assert expected in result.summary
    assert (result.verdict is Verdict.PASS) == (answer == gil())


def seen(recipe: str, culprit: str) -> list[CheckResult]:
    """Return what a contract makes of it if importing the culprit turns the lock on; what comes after finds it on."""
    contract = load_contract(RECIPES / recipe / "contract.yaml", "linux-64", "3.14t", version="2.14.2")
    modules = contract.promises["gil-stays-off"]["modules"]
    assert [each for each in modules_of(contract) if each in modules] == list(modules), "imported in this order"
    imports: dict[str, Any] = {}
    on = False
    for module in modules:
        turned = module == culprit
        imports[module] = gil(before=on, after=on or turned, said=WARNING.format(culprit) if turned else "")
        on = on or turned
    return refusals.apply(contract.refusals, judge(modules, imports), broker=None, python="3.14t")


def test_pykafkas_extension_is_refused_and_nothing_else_of_it() -> None:
    results = seen("pykafka", "pykafka.rdkafka._rd_kafka")
    assert {result.id: result.verdict for result in results} == {
        "gil-stays-off[pykafka]": Verdict.PASS,
        "gil-stays-off[pykafka.aio]": Verdict.PASS,
        "gil-stays-off[pykafka.cli.kafka_tools]": Verdict.PASS,
        "gil-stays-off[pykafka.rdkafka]": Verdict.PASS,
        "gil-stays-off[pykafka.rdkafka._rd_kafka]": Verdict.REFUSED,
    }


def test_pykafka_itself_must_leave_the_lock_off() -> None:
    assert Verdict.FAIL in {result.verdict for result in seen("pykafka", "pykafka")}


def test_a_refusal_that_does_not_come_true_is_a_failure() -> None:
    assert seen("pykafka", "none")[-1].id == "stale-refusal[gil-stays-off[pykafka.rdkafka._rd_kafka]]"
    assert seen("python-confluent-kafka", "none")[-1].verdict is Verdict.FAIL


@pytest.mark.parametrize(("version", "verdict"), [("2.15.1", Verdict.REFUSED), ("2.16.0", Verdict.FAIL)])
def test_confluent_kafka_is_refused_until_it_declares_itself_safe(version: str, verdict: Verdict) -> None:
    contract = load_contract(RECIPES / "python-confluent-kafka" / "contract.yaml", "linux-64", "3.14t", version=version)
    warned = gil(after=True, said=WARNING.format("confluent_kafka.cimpl"))
    results = judge(
        ("confluent_kafka", "confluent_kafka.cimpl"),
        {"confluent_kafka": warned, "confluent_kafka.cimpl": gil(before=True, after=True)},
    )
    judged = refusals.apply(contract.refusals, results, broker=None, python="3.14t")
    assert {result.verdict for result in judged} == {verdict}


@pytest.mark.parametrize("recipe", ["pykafka", "python-confluent-kafka"])
def test_a_python_with_the_lock_is_promised_nothing(recipe: str) -> None:
    assert "gil-stays-off" not in load_contract(RECIPES / recipe / "contract.yaml", "linux-64", "3.14").promises


def test_the_probe_says_nothing_of_the_lock_where_it_is_always_on() -> None:
    probe = project_root() / "src" / "kafka_forge" / "scenarios" / "probe.py"
    request = json.dumps({"prefix": sys.prefix, "modules": ["json"]})
    done = subprocess.run([sys.executable, "-I", probe, request], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])["imports"]["json"]
    assert answer["ok"]
    assert ("gil" in answer) == (getattr(sys, "_is_gil_enabled", lambda: True)() is False)
