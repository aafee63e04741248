"""``bench clients``, how it measures: the order of the rounds, cells that fail, how many messages a client gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge.bench import clients, roster, running
from kafka_forge.bench.results import Key, Results, Sample
from kafka_forge.bench.setup import Setup
from kafka_forge.errors import NothingSelected
from kafka_forge.ground.progress import Silent

from .bench_runs import CONDITIONS, A, B, C, a_run

if TYPE_CHECKING:
    from kafka_forge.bench.measuring import Bench


class Fake:
    """Stands for the broker's side, which these tests are not about: the order and the giving-up are."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: dict[str, dict[str, object]] = {}
        self.order: list[list[Key]] = []
        self._stop_at = stop_at

    def measure(self, _client: roster.Ready, key: Key, repetition: int) -> Sample:
        if repetition == self._stop_at:
            raise KeyboardInterrupt
        if repetition == len(self.order):
            self.order.append([])
        self.order[repetition].append(key)
        if key.client == "pykafka":
            return Sample(key, repetition, error="cannot")
        return Sample(key, repetition, 10, 1.0, 1.0)


def measure(bench: Fake, repetitions: int, seed: int = 1) -> Results:
    handed = [roster.Ready(roster.BY_ID[name]) for name in ("confluent_kafka", "pykafka", "kafka_python")]
    found = clients.new_results(handed, [100, 1000], repetitions, seed)
    found.conditions = dict(CONDITIONS)
    real: Bench = bench  # type: ignore[assignment]
    return clients.measure(real, handed, found, Silent())


def test_every_round_measures_all_in_an_order_of_its_own() -> None:
    bench = Fake()
    found = measure(bench, 4)
    working = {key for key in found.keys if key.client != "pykafka"}
    assert all(set(order) >= working for order in bench.order)
    assert len({tuple(order) for order in bench.order}) == 5
    again = Fake()
    measure(again, 4)
    assert again.order == bench.order


def test_a_cell_that_fails_twice_is_not_tried_again() -> None:
    bench = Fake()
    found = measure(bench, 6)
    failed = [row for row in found.rows() if row.key.client == "pykafka"]
    assert [(row.rate, row.failed) for row in failed] == [(None, 2)] * 4


def test_an_interrupted_run_keeps_what_it_has() -> None:
    found = measure(Fake(stop_at=3), 10)
    assert found.interrupted
    assert found.complete == 2
    assert "interrupted: 2 of 10 repetitions are complete" in found.warnings()


def test_a_repetition_is_complete_when_every_cell_has_been_measured() -> None:
    found = a_run({A: [1000.0, 1000.0], B: [1000.0]})
    assert found.complete == 1
    found.keys = (*found.keys, C)  # not measured yet
    assert found.complete == 0


def test_a_client_that_wants_to_be_named_is_left_out_otherwise() -> None:
    assert "dask_kafka_ranges" not in [client.id for client in running.choose(())]
    assert [client.id for client in running.choose(("dask_kafka_ranges",))] == ["dask_kafka_ranges"]


def test_an_unknown_client_is_named() -> None:
    with pytest.raises(NothingSelected, match="no client nonsense"):
        running.choose(["pykafka", "nonsense"])


def test_large_messages_are_fewer() -> None:
    setup = Setup(5_000_000)
    assert max(setup.count(size) * size for size in (100, 1000, 10_000, 900_000)) <= 100_000_000


@given(st.integers(2, 5_000_000), st.integers(1, 900_000), st.floats(1e-3, 100), st.floats(0, 60))
def test_a_quick_client_gets_more_messages_within_bounds(count: int, size: int, took: float, least: float) -> None:
    setup = Setup(count, min_time=least)
    given = setup.stretched(size, took)
    assert setup.count(size) <= given <= setup.most(size) <= 10 * setup.count(size)
    assert given * size <= 300_000_000 or given == setup.count(size)
    if given < setup.most(size):  # then it lasts as long as it should
        assert given / setup.count(size) * took >= least * 0.7


def test_the_time_column_is_about_as_many_messages_for_every_client() -> None:
    """One of them was measured with more, since it is quick."""
    found = a_run({A: [1000.0] * 3, B: [500.0] * 3})
    found.samples = [
        Sample(each.key, each.repetition, 8000, 8.0, 2.0) if each.key == A and each.repetition else each
        for each in found.samples
    ]
    (quick, slow) = found.rows()
    assert (quick.messages, quick.compared, round(quick.time, 6)) == (8000, 1000, 1.0)
    assert (slow.messages, slow.compared, round(slow.time, 6)) == (1000, 1000, 2.0)


# --- what a reader sees ---------------------------------------------------------------------------------------
