"""docs/audits.md is made of reports: what fails is told once, and nothing in a report can break the page."""

from __future__ import annotations

from kafka_forge.report.model import ArtifactReport, CheckReport, missing_report
from kafka_forge.values.model import Cell, CheckResult, Verdict
from tests.integration import audits_page

from . import reports


def check(name: str, verdict: Verdict, summary: str = "", because: str | None = None, **evidence: str) -> CheckReport:
    return CheckReport(
        id=name, broker=None, verdict=verdict, summary=summary, evidence=evidence, seconds=0, because=because
    )


def row(*checks: CheckReport) -> ArtifactReport:
    cell = Cell("pypi:client==1", "linux-64", "3.12", "client", "1", "", noarch=False)
    return missing_report(cell, CheckResult("run", Verdict.PASS, "")).model_copy(update={"checks": list(checks)})


def page(*checks: CheckReport) -> str:
    made = row(*checks)
    return audits_page.page([audits_page.Audited("pypi:client==1", reports.whole(made), made)])


def test_a_row_has_its_counts_and_the_library_that_was_loaded() -> None:
    text = page(
        check("imports[client]", Verdict.PASS),
        check("librdkafka-version", Verdict.PASS, library="2.14.2"),
        check("features", Verdict.FAIL, "missing: oidc"),
    )
    assert "| pypi:client==1 | 3.12 | 2.14.2 | 2 | 1 | 0 | pass |" in text
    assert "Seen on 2026-01-01, with Apache Kafka 4.2.0, on linux-64." in text


def test_a_cause_is_told_once_and_what_follows_is_counted() -> None:
    text = page(
        check("imports[a]", Verdict.FAIL, "No module named 'x'"),
        check("imports[b]", Verdict.FAIL, "No module named 'x'"),
        check("commands[c]", Verdict.FAIL, "ended with status 1", because="imports[a]"),
    )
    assert text.count("No module named 'x'") == 1
    assert "`imports[a]`, `imports[b]`" in text
    assert "1 more failures follow from these." in text
    assert "ended with status 1" not in text


def test_a_summary_is_shown_as_it_is() -> None:
    assert "\\<b\\>\\|\\_x\\_" in page(check("run", Verdict.FAIL, "<b>|_x_"))
