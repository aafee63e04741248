"""Two pools of workers: what comes of it, what is begun when, and what an error ends."""

from __future__ import annotations

import threading

import pytest

from kafka_forge.examining.workers import Workers
from kafka_forge.ground.progress import Silent

_LONG = 60.0


def test_what_comes_of_it_is_in_the_order_of_what_was_given() -> None:
    with Silent().task("work", total=5) as task, Workers(1, task) as workers:
        assert workers.each(str, [1, 2], others=[3], busy=[4, 5]) == ["1", "2", "3", "4", "5"]


def test_what_is_between_begins_after_the_first_and_beside_the_busy() -> None:
    ended: list[str] = []
    between = threading.Event()

    def work(what: str) -> None:
        if what == "busy":  # ends only if the other one is begun meanwhile
            assert between.wait(_LONG)
        ended.append(what)

    def begin() -> None:
        assert sorted(ended) == ["first", "second"]
        between.set()

    with Silent().task("work", total=3) as task, Workers(1, task) as workers:
        workers.each(work, ["first", "second"], between=begin, busy=["busy"])
    assert ended[2:] == ["busy"]


def test_an_error_ends_what_has_not_begun() -> None:
    begun: list[str] = []
    failed = threading.Event()

    def work(what: str) -> None:
        begun.append(what)
        if what == "wrong":
            failed.set()
            raise ValueError(what)
        assert failed.wait(_LONG)

    with Silent().task("work", total=9) as task, pytest.raises(ValueError, match="wrong"), Workers(1, task) as workers:
        workers.each(work, ["wrong"], between=lambda: begun.append("between"), busy=["beside"])
    assert "between" not in begun
