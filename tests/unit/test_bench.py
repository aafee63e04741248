"""``bench clients`` without a broker: medians and intervals, rows, failures, comparison, tables, the page."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kafka_forge.bench import clients, page, reference, results, roster, spread, tables, workloads
from kafka_forge.bench.results import Key, Results, Sample
from kafka_forge.bench.setup import Setup
from kafka_forge.errors import NothingSelected
from kafka_forge.schemas import making as schemas

from .bench_runs import CEILING, A, B, C, a_run

if TYPE_CHECKING:
    from pathlib import Path


SCHEMA = json.loads(schemas.BENCH_SCHEMA.read_text(encoding="utf-8"))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [100.0, 104.0, 99.0, 130.0, 101.0, 97.0, 103.0, 102.0, 98.0, 105.0]
    first = spread.estimate(values, 1)
    assert first == spread.estimate(values, 1)
    assert first.median == 101.5
    assert 97 < first.low <= 100.5
    assert 103 <= first.high < 130


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=12), st.integers(0, 100))
def test_an_interval_holds_its_median_and_stays_within_the_values(values: list[float], seed: int) -> None:
    found = spread.estimate(values, seed)
    assert min(values) <= found.low <= found.median <= found.high <= max(values)


def test_an_interval_shrinks_with_more_repetitions() -> None:
    few = [90.0, 100.0, 110.0]
    assert spread.estimate(few * 30, 3).width < spread.estimate(few, 3).width


def test_an_interval_wider_than_ten_percent_says_so() -> None:
    assert not spread.Estimate(100, 95, 105).wide
    assert spread.Estimate(100, 94.9, 105).wide
    assert a_run({A: [1000.0] * 10}).warnings() == []
    found = a_run({A: [500.0, 1000.0, 2000.0], B: [1000.0] * 3})
    found.conditions["load_average"] = [[3.0, 0, 0], [5.5, 0, 0]]
    (said,) = found.warnings()
    assert said == (
        "1 of 2 intervals are wider than 10 % of their median, the widest has 150 %: "
        "the host's load was 3 to 5.5 on 2 cores"
    )
    assert [row["wide"] for row in results.as_json(found)["rows"]] == [True, False]


# --- rows and JSON --------------------------------------------------------------------------------------------


def test_rows_are_medians_without_the_warm_up() -> None:
    (row, _) = a_run({A: [1000.0, 3000.0, 2000.0], B: [500.0, 1200.0, 1000.0]}).rows()
    assert row.rate is not None
    assert row.rate.median == pytest.approx(2000)
    assert (row.repetitions, row.messages, row.seconds, row.cpu_per_million) == (3, 1000, 0.5, 2.0)
    assert row.megabytes_per_second == pytest.approx(2000 * 100 / 1024**2)


def test_a_ratio_is_taken_within_each_repetition() -> None:
    """Load that comes and goes moves both clients; their ratio stays."""
    (_, row) = a_run({A: [1000.0, 2000.0, 4000.0], B: [900.0, 1800.0, 3600.0]}).rows()
    assert row.ratio is not None
    assert [row.ratio.low, row.ratio.high] == pytest.approx([0.9, 0.9])


def test_rate_and_cpu_time_are_shares_of_the_c_programs_within_each_repetition() -> None:
    found = a_run({A: [1000.0, 2000.0, 4000.0], CEILING: [2000.0, 4000.0, 8000.0]})
    found.samples = [
        replace(each, cpu_per_million=each.cpu_per_million * each.repetition * (3 if each.key == A else 2))
        for each in found.samples
    ]
    row, ceiling = found.rows()
    assert row.to_ceiling is not None
    assert row.cpu_to_ceiling is not None
    assert [row.to_ceiling.low, row.to_ceiling.high] == pytest.approx([0.5, 0.5])
    assert [row.cpu_to_ceiling.low, row.cpu_to_ceiling.high] == pytest.approx([1.5, 1.5])
    assert (ceiling.to_ceiling, ceiling.cpu_to_ceiling) == (None, None)
    told = results.as_json(found)["rows"][0]
    assert told["ratio_to_rdkafka_performance"] == {"median": 0.5, "low": 0.5, "high": 0.5}
    assert told["cpu_ratio_to_rdkafka_performance"] == {"median": 1.5, "low": 1.5, "high": 1.5}
    text = printed(found)
    assert "rate / C" in text
    assert "0.50" in text
    assert "rate / C" not in printed(a_run({A: [1000.0]}))  # there is nothing to compare with


def test_a_workload_is_compared_with_the_plain_rate_of_the_same_client() -> None:
    idempotent = B._replace(workload="idempotent")
    yardstick = A._replace(workload="idempotent")
    found = a_run({A: [100.0] * 2, B: [1000.0, 2000.0], yardstick: [100.0] * 2, idempotent: [900.0, 1800.0]})
    rows = {row.key: row for row in found.rows()}
    share, ratio = rows[idempotent].to_plain, rows[idempotent].ratio
    assert share is not None
    assert ratio is not None
    assert [share.low, share.high] == pytest.approx([0.9, 0.9])
    assert ratio.median == pytest.approx(13.5)  # to confluent_kafka's with the same workload
    assert rows[B].to_plain is None
    jsonschema.validate(results.as_json(found), SCHEMA)
    text = printed(found)
    assert "produce, 100 B, idempotent, acks=all, time of" in text
    assert "0.90 (0.90 – 0.90)" in text
    assert page.render(found).count("<h2>produce, 100 B") == 2


def test_latency_and_lateness_are_shown_where_they_were_measured() -> None:
    found = a_run({A: [1000.0] * 3, CEILING: [1000.0] * 3})
    found.samples = [
        replace(each, latency_p99=0.0012 if each.key == A else 0.001, late_p999=0.004 if each.key == A else None)
        for each in found.samples
    ]
    row, ceiling = found.rows()
    assert row.latency_to_ceiling is not None
    assert row.latency_to_ceiling.median == pytest.approx(1.2)
    assert (ceiling.latency_to_ceiling, ceiling.late_p999) == (None, None)
    told = results.as_json(found)
    jsonschema.validate(told, SCHEMA)
    assert told["rows"][0]["latency_p99_seconds"] == {"median": 0.0012, "low": 0.0012, "high": 0.0012}
    assert told["rows"][0]["loop_late_p999_seconds"] == {"median": 0.004, "low": 0.004, "high": 0.004}
    text = printed(found, 220)
    for header, value in (
        ("p99 ms", "1.20 (1.20 – 1.20)"),
        ("p99 / C", "1.20"),
        ("loop late ms", "4.00 (4.00 – 4.00)"),
    ):
        assert header in text
        assert value in text
    assert "p99 ms" not in printed(a_run({A: [1000.0]}))


def test_a_workload_changes_its_own_settings_alone_and_brings_the_plain_cells_along() -> None:
    assert workloads.cells(workloads.choose(["plain"])) == [("plain", "produce"), ("plain", "consume")]
    assert workloads.cells(workloads.choose(["lz4", "reports"])) == [
        ("plain", "produce"),
        ("plain", "consume"),
        ("reports", "produce"),
        ("lz4", "produce"),
        ("lz4", "consume"),
    ]
    setup = Setup(1000, codec="zstd", linger_ms=7)
    assert workloads.BY_ID["plain"].of(setup) == setup
    assert workloads.BY_ID["idempotent"].of(setup) == replace(setup, idempotent=True, acks="all")
    assert workloads.BY_ID["partitions-8"].of(setup) == replace(setup, partitions=8)
    with pytest.raises(NothingSelected, match="no workload nonsense"):
        workloads.choose(["lz4", "nonsense"])


def test_the_run_without_options_has_the_plain_workload_alone() -> None:
    handed = [roster.Ready(client) for client in roster.CLIENTS]
    found = clients.new_results(handed, [100, 1000, 10_000], 10, 1)
    assert {key.workload for key in found.keys} == {"plain"}
    assert len(found.keys) == sum(len(client.directions) for client in roster.CLIENTS) * 3
    more = clients.new_results(handed, [100, 1000, 10_000], 10, 1, workloads.choose(["all"]))
    assert set(more.keys) > set(found.keys)
    beside = {key.client for key in more.keys if key.workload == "loop"}
    assert (
        beside
        == {client.id for client in roster.CLIENTS if client.in_loop}
        == {client.id for client in roster.CLIENTS if "aio" in client.id}
    )
    assert len(set(more.keys)) == len(more.keys)


def test_runs_of_before_there_were_workloads_are_compared_with_the_plain_cells() -> None:
    plain = {**a_row(A, 100.0, 90.0, 110.0), "workload": "plain"}
    idempotent = {**a_row(A, 500.0, 490.0, 510.0), "workload": "idempotent"}
    old = {name: value for name, value in plain.items() if name != "workload"}
    (change,) = results.compare([old], [plain, idempotent])
    assert (change.key, change.moved) == (A, False)


def test_a_client_that_failed_is_a_row_without_figures() -> None:
    told = results.as_json(a_run({A: [1000.0, 1100.0]}, {C: "ValueError: why"}))
    assert [row["client"] for row in told["rows"]] == ["confluent_kafka", "pykafka"]
    failed = told["rows"][1]
    assert (failed["messages_per_second"], failed["low"], failed["failures"]) == (None, None, ["ValueError: why"])
    jsonschema.validate(told, SCHEMA)


def test_some_failures_among_successes_are_told() -> None:
    found = a_run({A: [1000.0, 1000.0]})
    found.samples.append(Sample(A, 3, error="1 of 2 messages arrived"))
    assert found.warnings() == ["confluent_kafka, produce, 100 B: 1 measurements failed: 1 of 2 messages arrived"]


def test_json_has_the_rows_that_were_promised(tmp_path: Path) -> None:
    results.save(a_run({A: [1000.0, 1100.0], C: [10.0, 12.0]}), tmp_path / "run.json")
    told = json.loads((tmp_path / "run.json").read_text())
    for row in told["rows"]:
        assert row.keys() >= {"client", "direction", "message_bytes", "messages_per_second", "low", "high"}
        assert row["direction"] in {"produce", "consume"}
        assert row["low"] <= row["messages_per_second"] <= row["high"]
        assert row["cpu_seconds_per_million"] == 2.0
    assert told["conditions"]["machine"]["cpu"] == "a <fast> one"
    assert results.load_rows(tmp_path / "run.json") == told["rows"]
    jsonschema.validate(told, SCHEMA)


@pytest.mark.parametrize("wrong", [{"direction": "both"}, {"low": "fast"}, {"rate": 1.0}])
def test_a_run_with_a_wrong_row_breaks_the_schema(wrong: dict[str, object]) -> None:
    told = results.as_json(a_run({A: [1000.0, 1100.0]}))
    told["rows"][0].update(wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, SCHEMA)


def test_what_is_no_run_cannot_be_compared_with(tmp_path: Path) -> None:
    for text in ("", "{}", '{"rows": [{"client": "x"}]}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(NothingSelected, match="no earlier run"):
            results.load_rows(tmp_path / "x.json")


# --- comparison -----------------------------------------------------------------------------------------------


def a_row(key: Key, rate: float | None, low: float | None = None, high: float | None = None) -> dict[str, object]:
    return {**key._asdict(), "messages_per_second": rate, "low": low, "high": high}


@pytest.mark.parametrize(
    ("after", "moved"),
    [
        (a_row(A, 105.0, 95.0, 110.0), False),  # the intervals overlap
        (a_row(A, 120.0, 111.0, 130.0), True),
        (a_row(A, 80.0, 70.0, 89.0), True),
        (a_row(A, None), True),  # it failed since
    ],
)
def test_a_cell_has_moved_if_the_intervals_do_not_overlap(after: dict[str, object], moved: bool) -> None:
    (change,) = results.compare([a_row(A, 100.0, 90.0, 110.0), a_row(C, 1.0, 1.0, 1.0)], [after])
    assert change.moved is moved


def test_a_failure_that_stays_has_not_moved() -> None:
    assert not results.compare([a_row(A, None)], [a_row(A, None)])[0].moved
    assert results.compare([a_row(A, None)], [a_row(A, 1.0, 1.0, 1.0)])[0].moved


# --- the run --------------------------------------------------------------------------------------------------


def printed(found: Results, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    tables.print_results(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_tables_show_every_client_and_why_one_failed() -> None:
    text = printed(a_run({A: [1000.0] * 10, B: [500.0, 900.0, 1300.0]}, {C: "ValueError: no [room] for it"}))
    assert "produce, 100 B, time of 1,000 messages, 3 repetitions" in text
    assert re.search(r"confluent_kafka .* 1.000 .* 0.10 .* 1,000 .* 1,000 – 1,000", text)
    assert "(wide)" in text
    assert "pykafka: failed: ValueError: no [room] for it" in text


def test_the_published_figures_are_those_of_the_comparison() -> None:
    """Each of them must agree with the others: a million messages of 100 bytes in so many seconds."""
    for rows in reference.TABLES.values():
        for row in rows:
            assert row.messages_per_second == pytest.approx(1e6 / row.seconds, rel=1e-6)
            assert row.megabytes_per_second == pytest.approx(1e8 / row.seconds / 1024**2, rel=1e-6)
    shares = [rows[1].messages_per_second / rows[0].messages_per_second for rows in reference.TABLES.values()]
    assert [round(share, 2) for share in shares] == [0.35, 0.63]


def test_the_page_stands_alone_and_escapes_what_it_shows() -> None:
    found = a_run({A: [1000.0] * 3, A._replace(message_bytes=1000): [800.0] * 3}, {C: "ValueError: <b>why</b>"})
    html = page.render(found)
    assert html.count("<svg") == 3 + 1  # a plot for each table, and throughput against size where there are two
    assert "&lt;b&gt;why&lt;/b&gt;" in html
    assert "a &lt;fast&gt; one" in html
    fetched = re.findall(r"<(?:script|link|img|iframe)\b", html)
    assert fetched == []
