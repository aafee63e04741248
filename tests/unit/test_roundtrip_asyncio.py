"""``roundtrip-asyncio``: what a real client did passes, each way to break it fails; and what lateness is the loop's."""

from __future__ import annotations

import asyncio
import copy
import gc
import importlib
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.ground.paths import project_root
from kafka_forge.scenarios import corpus, lateness
from kafka_forge.values.model import Cell, Verdict
from tests.unit import told_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from kafka_forge.values.model import CheckResult

# How it was captured: data/capture_roundtrip_asyncio.py.
SEEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "roundtrip_asyncio.json").read_text(encoding="utf-8")
)
CELL = Cell("python-confluent-kafka", "linux-64", "3.14", "python-confluent-kafka", "2.14.2", "py314_0", False)
CASES = ("cancel", "close", "heartbeat", "left-over")


def judged(steps: list[dict[str, Any]], ends: dict[str, str] | None = None) -> dict[str, CheckResult]:
    return told_steps.judged(CELL, {"roundtrip-asyncio": {"modes": ["asyncio"]}}, steps, ends=ends or {})


def test_what_a_real_client_did_passes_every_case() -> None:
    results = judged(SEEN)
    assert list(results) == [f"roundtrip-asyncio[asyncio/{case}]" for case in CASES]
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


def _all_late(data: dict[str, Any]) -> None:
    for each in data["rounds"]:
        each["unexplained"] = 20.5


@pytest.mark.parametrize(
    ("case", "falsify", "said"),
    [
        ("cancel", lambda data: data.update(lost=1), "1 were never read"),
        ("cancel", lambda data: data.update(twice=2), "2 more than once"),
        ("cancel", lambda data: data.update(cancelled=0), "nothing was tried"),
        ("close", lambda data: data.update(reading="[]"), "the read that was under way ended with []"),
        ("close", lambda data: data.update(later="None"), "a read after close() ended with None"),
        ("close", lambda data: data.update(ended=499), "499 were told"),
        ("heartbeat", _all_late, "in every round the loop was late by 20.5 ms or more"),
        ("heartbeat", lambda data: data["rounds"][0].update(messages=0), "no message passed"),
        ("left-over", lambda data: data.update(threads=["rdk:main"]), "threads left over: rdk:main"),
        ("left-over", lambda data: data.update(tasks=["Task-7"]), "tasks left over: Task-7"),
        ("left-over", lambda data: data.update(descriptors=["socket"]), "descriptors left over: socket"),
    ],
)
def test_each_falsification_fails(case: str, falsify: Callable[[dict[str, Any]], None], said: str) -> None:
    steps = copy.deepcopy(SEEN)
    falsify(next(step["data"] for step in steps if step["case"] == case))
    result = judged(steps)[f"roundtrip-asyncio[asyncio/{case}]"]
    assert result.verdict is Verdict.FAIL
    assert said in result.summary


def test_a_stall_in_one_round_is_the_machines() -> None:
    steps = copy.deepcopy(SEEN)
    next(step for step in steps if step["case"] == "heartbeat")["data"]["rounds"][0]["unexplained"] = 500.0
    assert judged(steps)["roundtrip-asyncio[asyncio/heartbeat]"].verdict is Verdict.PASS


def test_lateness_that_no_system_explains_is_told_and_not_judged() -> None:
    steps = copy.deepcopy(SEEN)
    for each in next(step for step in steps if step["case"] == "heartbeat")["data"]["rounds"]:
        each["unexplained"] = None
    result = judged(steps)["roundtrip-asyncio[asyncio/heartbeat]"]
    assert result.verdict is Verdict.PASS
    assert "not judged" in result.summary


def test_a_process_that_a_close_has_killed_fails_what_came_after() -> None:
    results = judged([step for step in SEEN if step["case"] == "cancel"], {"asyncio": "was killed by signal 11"})
    assert results["roundtrip-asyncio[asyncio/cancel]"].verdict is Verdict.PASS
    for case in CASES[1:]:
        result = results[f"roundtrip-asyncio[asyncio/{case}]"]
        assert result.verdict is Verdict.FAIL
        assert "killed by signal 11" in result.summary


@pytest.mark.skipif(lateness.run_delays() is None, reason="this system does not tell how long threads waited")
def test_what_keeps_the_loop_is_not_explained_by_the_machine() -> None:
    """A stall of a second is the loop's own: nobody waited for a processor meanwhile, as it slept."""

    async def stall() -> dict[str, Any]:
        async with lateness.Heartbeat() as heartbeat:
            await asyncio.sleep(4 * lateness.EVERY)
            time.sleep(1.0)
            await asyncio.sleep(4 * lateness.EVERY)
        return heartbeat.told()

    told = asyncio.run(stall())
    assert told["worst"] > 900
    assert told["unexplained"] > 500
    assert told["then"]["late"] > 900
    assert told["then"]["busy"] < 500


@pytest.mark.skipif(lateness.run_delays() is None, reason="this system does not tell how long threads waited")
def test_what_the_collector_takes_is_told() -> None:
    """Python's collector runs in the loop's thread: what it takes is the loop's lateness, and is told apart."""

    async def collect() -> dict[str, Any]:
        async with lateness.Heartbeat() as heartbeat:
            await asyncio.sleep(4 * lateness.EVERY)
            kept: list[list[int]] = [[] for _ in range(300_000)]
            gc.collect()
            await asyncio.sleep(4 * lateness.EVERY)
            kept.clear()
        return heartbeat.told()

    listening = list(gc.callbacks)
    then = asyncio.run(collect())["then"]
    assert 0 < then["collecting"] <= then["late"]
    assert gc.callbacks == listening


class _Echo:
    """What one of its producers sends, its consumers read: the rounds are tried here, no client."""

    unsafe = None

    def __init__(self) -> None:
        self._passed: list[object] = []

    async def producer(self, _name: str, _codec: str) -> _Echo:
        return self

    async def consumer(self, _name: str, _group: str) -> _Echo:
        return self

    async def send(self, _topic: str, message: object) -> asyncio.Future[None]:
        self._passed.append(message)
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        told.set_result(None)
        return told

    async def read(self, most: int, _seconds: float) -> list[object]:
        await asyncio.sleep(0)
        read, self._passed = self._passed[:most], self._passed[most:]
        return read

    async def assign(self, _topic: str, _partitions: list[int]) -> None:
        pass

    async def close(self) -> None:
        pass


@pytest.fixture
def in_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as a scenario imports it, beside which the others of its folder stand by their bare names."""
    monkeypatch.syspath_prepend(str(project_root() / "src/kafka_forge/scenarios"))
    yield importlib.import_module("in_loop")
    for name in ("in_loop", "lateness"):
        sys.modules.pop(name, None)


def rounds_of(in_loop: ModuleType, *, native: bool) -> list[dict[str, Any]]:
    looped = in_loop.InLoop(_Echo(), counts=False, native=native)
    deadline = SimpleNamespace(left=60.0, over=False)
    cases = looped.loop_cases("topic", lambda number: corpus.loop_message(number, 0), lambda: deadline)
    rounds: list[dict[str, Any]] = cases["heartbeat"]()["rounds"]
    return rounds


@pytest.mark.parametrize(
    ("unexplained", "rounds"),
    [([0.4], 1), ([20.0], 1), ([20.1, 3.0], 2), ([None], 1), ([25.0] * 6, 5)],
    ids=["good", "just good", "good at last", "not judged", "never good"],
)
def test_rounds_go_on_until_one_decides(
    in_loop: ModuleType, monkeypatch: pytest.MonkeyPatch, unexplained: list[float | None], rounds: int
) -> None:
    left = iter(unexplained)

    def told(_: object) -> dict[str, Any]:
        return {"beats": 1, "worst": 30.0, "unexplained": next(left)}

    monkeypatch.setattr(in_loop.lateness.Heartbeat, "told", told)
    monkeypatch.setattr(in_loop, "ROUND", 100)
    seen = rounds_of(in_loop, native=True)
    assert [each["unexplained"] for each in seen] == unexplained[:rounds]
    assert {each["messages"] for each in seen} == {100}


def test_an_emulators_lateness_is_not_judged_and_takes_one_short_round(
    in_loop: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the machine asked for what would explain it, which takes longer there than a beat."""
    monkeypatch.setattr(in_loop.lateness, "run_delays", lambda: pytest.fail("asked"))
    seen = rounds_of(in_loop, native=False)
    assert [(each["messages"], each["unexplained"]) for each in seen] == [(in_loop.EMULATED, None)]
    assert seen[0]["then"] is None
