"""The report says what was seen, never more; its published schema is the one it follows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError
from rich.console import Console

from kafka_forge.report import terminal
from kafka_forge.report.model import (
    ArtifactReport,
    Report,
    artifact_report,
    gravest,
)
from kafka_forge.schemas import making as schemas
from kafka_forge.values.model import Artifact, Cell, CheckResult, Verdict

from .reports import broker, whole

CELL = Cell("pykafka", "linux-64", "3.12", "pykafka", "2.8.0", "py312habc_0", noarch=False)


def report_of(*results: CheckResult) -> ArtifactReport:
    artifact = Artifact(CELL, Path("pykafka-2.8.0-py312habc_0.conda"), "0" * 64, 12345)
    return artifact_report(artifact, results, packages=["six 1.17.0 pyh_0"], seconds=1.5)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((Verdict.PASS, Verdict.PASS), Verdict.PASS),
        ((Verdict.PASS, Verdict.INSPECTED), Verdict.INSPECTED),
        ((Verdict.INSPECTED, Verdict.REFUSED, Verdict.PASS), Verdict.REFUSED),
        ((Verdict.REFUSED, Verdict.FAIL, Verdict.PASS), Verdict.FAIL),
        ((), Verdict.FAIL),
    ],
)
def test_an_artifact_is_as_good_as_its_worst_check(verdicts: tuple[Verdict, ...], expected: Verdict) -> None:
    assert gravest(verdicts) is expected


def test_an_artifact_without_checks_has_not_passed() -> None:
    assert report_of().verdict is Verdict.FAIL


def test_the_published_schemas_are_the_models() -> None:
    for path, text in schemas.current().items():
        assert path.read_text(encoding="utf-8") == text, "run `kafka-forge schema`"


def test_a_report_follows_its_schema() -> None:
    report = whole(report_of(CheckResult("features", Verdict.PASS, "14 features", {"found": ["gzip"]}, 0.25)))
    schema = json.loads(schemas.REPORT_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(report.model_dump_json()), schema)


def test_a_report_with_a_key_too_many_is_refused() -> None:
    data = json.loads(whole(report_of()).model_dump_json())
    with pytest.raises(ValidationError):
        Report.model_validate({**data, "verdit": "pass"})


def test_the_table_names_every_failure_with_its_reason() -> None:
    console = Console(file=io.StringIO(), width=160)
    terminal.print_report(whole(report_of(CheckResult("features", Verdict.FAIL, "zstd is missing"))), console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "pykafka [3.12] zstd is missing\n    features\n" in shown
    assert "1 fail" in shown
    assert "verdict: fail" in shown


def test_a_refused_verdict_says_that_nothing_failed() -> None:
    console = Console(file=io.StringIO(), width=160)
    terminal.print_report(whole(report_of(CheckResult("features", Verdict.REFUSED, "no zstd"))), console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "verdict: refused in " in shown
    assert "(nothing failed; what is refused, the contracts name)" in shown


def test_the_table_of_several_brokers_shows_which_one_fails() -> None:
    console = Console(file=io.StringIO(), width=160)
    seen = [
        CheckResult("features", Verdict.PASS, "14 features"),
        *(CheckResult("roundtrip-group[pure]", Verdict.PASS, "resumed", broker=name) for name in ("4.2.0", "4.0.1")),
        CheckResult("roundtrip-group[pure]", Verdict.FAIL, "nothing arrived", broker="2.8.2"),
    ]
    versions = ("4.2.0", "4.0.1", "2.8.2")
    terminal.print_report(whole(report_of(*seen), brokers=[broker(version) for version in versions]), console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "Kafka 4.2.0, 4.0.1, 2.8.2, 4 checks" in shown
    (row,) = [line for line in shown.splitlines() if line.strip().startswith("pykafka 2.8.0")]
    assert row.split() == ["pykafka", "2.8.0", "3.12", "pass", "pass", "pass", "fail", "fail"]
    assert "pykafka [3.12; Kafka 2.8.2] nothing arrived\n    roundtrip-group[pure]\n" in shown
