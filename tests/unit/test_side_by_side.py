"""Work of which some waits for other: in what order it is done, how much of it at once, and how an error ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from kafka_forge.ground import processes, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future

SECONDS = 60.0
NEEDS = {"base": (), "left": ("base",), "right": ("base",), "top": ("left", "right"), "alone": ()}


class Line:
    """Works through NEEDS, or other needs, and keeps what was taken; `make` does the work of a name."""

    def __init__(self, make: Callable[[str], str], needs: dict[str, tuple[str, ...]] | None = None) -> None:
        self.needs = NEEDS if needs is None else needs
        self.waiting = {name: name for name in self.needs}
        self.make = make
        self.taken: list[str] = []

    def ready(self, running: AbstractSet[str]) -> list[str]:
        return [name for name in self.waiting if not {*self.needs[name]} & (self.waiting.keys() | running)]

    def take(self, name: str, future: Future[str]) -> None:
        assert future.result() == name
        self.taken.append(name)

    def run(self, jobs: int) -> None:
        side_by_side.run(self.waiting, self.ready, self.make, self.take, jobs)


def test_each_begins_when_what_it_needs_is_taken() -> None:
    begun: list[str] = []

    def make(name: str) -> str:
        assert {*NEEDS[name]} <= {*line.taken}
        begun.append(name)
        return name

    line = Line(make)
    line.run(3)
    assert sorted(line.taken) == sorted(begun) == sorted(NEEDS)
    assert line.waiting == {}


def test_as_many_as_may_are_under_way_and_no_more() -> None:
    together, lock, most = threading.Barrier(2, timeout=SECONDS), threading.Lock(), [0, 0]

    def make(name: str) -> str:
        with lock:
            most[0] += 1
            most[1] = max(most)
        together.wait()  # breaks, were there not always two
        with lock:
            most[0] -= 1
        return name

    Line(make, {str(number): () for number in range(6)}).run(2)
    assert most == [0, 2]


def test_the_first_that_is_ready_is_the_first_that_begins() -> None:
    begun: list[str] = []

    def make(name: str) -> str:
        begun.append(name)
        return name

    Line(make).run(1)
    assert begun == ["base", "left", "right", "top", "alone"]


def test_after_an_error_nothing_begins_and_what_is_under_way_finishes() -> None:
    under_way, failed, finished = threading.Event(), threading.Event(), []

    def make(name: str) -> str:
        if name == "alone":
            under_way.set()
            assert failed.wait(SECONDS)
            finished.append(name)
        elif name == "base":
            assert under_way.wait(SECONDS)
            raise RuntimeError(name)
        return name

    line = Line(make)
    take = line.take

    def failing(name: str, future: Future[str]) -> None:
        failed.set()
        take(name, future)

    line.take = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="base"):
        line.run(2)
    assert finished == ["alone"]
    assert {*line.waiting} == {"left", "right", "top"}


def test_what_take_takes_out_never_begins() -> None:
    def make(name: str) -> str:
        assert name in {"base", "alone"}
        return name

    line = Line(make)
    take = line.take

    def lose(name: str, future: Future[str]) -> None:
        take(name, future)
        for other in ("left", "right", "top"):
            line.waiting.pop(other, None)

    line.take = lose  # type: ignore[method-assign]
    line.run(1)
    assert {*line.taken} >= {"base"}


def test_an_interrupt_ends_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(processes, "end_all", ended.set)

    def make(name: str) -> str:
        if name == "base":
            raise KeyboardInterrupt
        assert ended.wait(SECONDS)  # as who waits for a compiler, which is ended
        return name

    with pytest.raises(KeyboardInterrupt):
        Line(make).run(2)


def test_what_waits_for_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match="one, other"):
        Line(str, {"one": ("other",), "other": ("one",)}).run(2)
