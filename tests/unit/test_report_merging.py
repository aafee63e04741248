"""Reports of several jobs in one: what is green, what is not, and what a reader sees."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import ReportInvalid, ReportsDisagree
from kafka_forge.ground.files import sha256_of
from kafka_forge.report import gathering, markdown, merging, page
from kafka_forge.report.model import ArtifactReport, Report, artifact_report, missing_report
from kafka_forge.values.model import BASE_HAS_PYTHON, Artifact, Cell, CheckResult, Verdict

from .reports import whole

NAMED = {"reason": "Kafka 4 refuses it", "see": "KIP-896"}


def row(
    verdict: Verdict, platform: str = "linux-64", python: str = "3.12", evidence: dict[str, Any] | None = None
) -> ArtifactReport:
    cell = Cell("pykafka", platform, python, "pykafka", "2.8.0", f"py{python.replace('.', '')}h_0", noarch=False)
    result = CheckResult("imports[pykafka]", verdict, f"it is <{verdict}>", evidence or {"seen": "<b>&"})
    return artifact_report(Artifact(cell, Path(cell.filename), "0" * 64, 3), [result], packages=[], seconds=1)


def test_the_jobs_of_all_platforms_make_one_green_report() -> None:
    one = whole(row(Verdict.PASS), row(Verdict.REFUSED, python="3.13", evidence=NAMED))
    other = whole(row(Verdict.INSPECTED, "osx-arm64"))
    merged = merging.merge([one, other], ["report", "merge"])
    assert merging.faults(merged) == ()
    assert merged.seconds == 20
    assert [run.cells for run in merged.runs] == [
        ["pykafka/linux-64/3.12", "pykafka/linux-64/3.13"],
        ["pykafka/osx-arm64/3.12"],
    ]
    again = merging.merge([merged, whole(row(Verdict.PASS, "win-64"))], [])
    assert len(again.runs) == 3


@pytest.mark.parametrize(
    ("artifact", "fault"),
    [
        (row(Verdict.FAIL), "fails: it is <fail>"),
        (row(Verdict.REFUSED), "without a reason"),
        (row(Verdict.INSPECTED, "linux-aarch64"), "can be run"),
        (row(Verdict.FAIL).model_copy(update={"verdict": Verdict.PASS}), "say otherwise"),
        (row(Verdict.PASS).model_copy(update={"checks": []}), "say otherwise"),
    ],
)
def test_what_is_not_green(artifact: ArtifactReport, fault: str) -> None:
    (found,) = merging.faults(whole(artifact))
    assert fault in found
    assert "pykafka" in found


def on(platform: str, *rows: ArtifactReport) -> Report:
    """The report of a run on a machine of that platform."""
    report = whole(*rows)
    return report.model_copy(update={"machine": report.machine.model_copy(update={"platform": platform})})


def test_what_is_only_inspected_is_green_where_its_machine_could_not_run_it() -> None:
    elsewhere, on_a_mac = (on(machine, row(Verdict.INSPECTED, "osx-64")) for machine in ("linux-64", "osx-64"))
    assert merging.faults(elsewhere) == ()
    (fault,) = merging.faults(on_a_mac)
    assert "though a machine of osx-64 reported on it" in fault


def test_a_merged_report_keeps_which_machine_reported_on_which_cell() -> None:
    linux = on("linux-64", row(Verdict.PASS), row(Verdict.INSPECTED, "osx-arm64"))
    mac = on("osx-64", row(Verdict.INSPECTED, "osx-64"))
    for order in ([linux, mac], [mac, linux]):
        (fault,) = merging.faults(merging.merge(order, []))
        assert fault.startswith("pykafka/osx-64/3.12: ")
    lost = merging.merge([linux, mac], [])
    runs = [run.model_copy(update={"cells": []}) for run in lost.runs]
    assert len(merging.faults(lost.model_copy(update={"runs": runs}))) == 2


def test_where_every_platform_has_its_machine_inspected_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    report = on("linux-64", row(Verdict.PASS), row(Verdict.INSPECTED, "osx-64"), row(Verdict.REFUSED, evidence=NAMED))
    file.write_text(report.model_dump_json(), encoding="utf-8")
    arguments = ["report", "merge", str(file), "--output", str(tmp_path / "merged")]
    assert _run(arguments, debug=True) == 0
    capsys.readouterr()
    assert _run([*arguments, "--no-inspected"], debug=False) == 2
    assert "pykafka/osx-64/3.12: imports[pykafka] was only inspected, and not run" in capsys.readouterr().err


def test_a_cell_that_no_job_reported_on_is_not_green() -> None:
    assert merging.faults(whole(row(Verdict.PASS)), ["pykafka/linux-64/3.12", "pykafka/win-64/3.12"]) == (
        "pykafka/win-64/3.12: no job reported on it",
    )
    assert merging.faults(whole()) == ("the report has no cells at all",)


def test_a_cell_that_the_base_cannot_have_is_refused_and_not_missing() -> None:
    cell = Cell("pykafka", "linux-ppc64le", "3.14", "pykafka", "2.8.0", "py314h_0", noarch=False)
    refused = missing_report(cell, CheckResult(BASE_HAS_PYTHON, Verdict.REFUSED, "no Python for it"))
    report = whole(row(Verdict.PASS), refused)
    assert merging.faults(report, ["pykafka/linux-ppc64le/3.14"]) == ()
    broken = missing_report(cell, CheckResult("build", Verdict.REFUSED, "some other reason"))
    assert merging.faults(whole(broken))
    assert "no Python for it" in markdown.render(report)
    assert "no Python for it" in page.render(report)


def test_a_failure_does_not_vanish_behind_a_later_pass() -> None:
    merged = merging.merge([whole(row(Verdict.FAIL)), whole(row(Verdict.PASS))], [])
    assert [check.verdict for check in merged.artifacts[0].checks] == [Verdict.FAIL]
    assert merged.verdict is Verdict.FAIL


def test_two_artifacts_for_one_cell_are_no_report() -> None:
    other = row(Verdict.PASS).model_copy(update={"sha256": "1" * 64})
    with pytest.raises(ReportsDisagree) as caught:
        merging.merge([whole(row(Verdict.PASS)), whole(other)], [])
    assert any("1" * 64 in line for line in caught.value.details)


class _Page(HTMLParser):
    """The ids, links and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            elif name == "href" and tag == "a":
                self.links.append(str(value))
            elif name in ("src", "href"):
                self.loaded.append(str(value))


def test_every_cell_of_the_page_leads_to_its_evidence_and_nothing_is_loaded() -> None:
    report = whole(row(Verdict.PASS), row(Verdict.FAIL, "win-64"), row(Verdict.INSPECTED, "osx-64"))
    text = page.render(report, ["pykafka/win-64/3.12: fails"])
    found = _Page(text)
    cells = [link for link in found.links if link.startswith("#cell")]
    assert len(cells) == 3
    assert {link[1:] for link in cells} <= found.ids
    assert found.loaded == []
    assert "<b>&" not in text  # evidence is text, whatever it holds
    assert "&lt;b&gt;&amp;" in text
    assert "inspected, not run here" in text


def test_markdown_has_a_column_for_each_platform_and_says_why() -> None:
    text = markdown.render(whole(row(Verdict.PASS), row(Verdict.INSPECTED, "osx-64", python="3.13")))
    assert "| recipe | version | Python | linux-64 | osx-64 |" in text
    assert "| pykafka | 2.8.0 | 3.12 | ✅ pass 1/1 |  |" in text
    assert "`pykafka/osx-64/3.13`" in text
    assert re.search(r"it is \\<inspected", text)


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """The output folders of two jobs, each with its artifact and its report."""
    files = []
    for platform in ("linux-64", "win-64"):
        made = row(Verdict.PASS, platform)
        artifact = tmp_path / platform / str(made.file)
        artifact.parent.mkdir(parents=True)
        artifact.write_bytes(platform.encode())
        report = whole(made.model_copy(update={"sha256": sha256_of(artifact)}))
        file = tmp_path / platform / "report.json"
        file.write_text(report.model_dump_json(), encoding="utf-8")
        files.append(file)
    return files


def test_merge_writes_all_three_forms_and_fails_on_what_is_missing(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "merged"
    assert _run(["report", "merge", *map(str, runs), "--output", str(out)], debug=True) == 0
    assert {file.name for file in out.iterdir()} == {"report.json", "report.html", "report.md"}
    expected = tmp_path / "matrix.json"
    expected.write_text(json.dumps({"cells": [{"id": "pykafka/osx-64/3.12"}]}), encoding="utf-8")
    arguments = ["report", "merge", str(runs[0]), "--output", str(out), "--expected", str(expected)]
    assert _run(arguments, debug=False) == 2
    assert "pykafka/osx-64/3.12: no job reported on it" in capsys.readouterr().err
    assert "no job reported" in (out / "report.md").read_text(encoding="utf-8")


def test_a_file_that_is_not_what_its_report_says_is_not_gathered(runs: list[Path], tmp_path: Path) -> None:
    report = merging.merge([merging.load(file) for file in runs], [])
    (tmp_path / "win-64" / str(report.artifacts[1].file)).write_bytes(b"exchanged")
    out = tmp_path / "merged"
    assert _run(["report", "merge", *map(str, runs), "--artifacts", "--output", str(out)], debug=False) == 11
    assert not (out / "report.json").exists()


def test_of_a_noarch_package_that_every_platform_built_one_file_is_taken() -> None:
    rows = []
    for number, platform in enumerate(("win-64", "linux-64", "osx-64")):
        cell = Cell("kafka-python", platform, None, "kafka-python", "3.0.12", "pyh_0", noarch=True)
        artifact = Artifact(cell, Path(cell.filename), str(number) * 64, 3)
        rows.append(artifact_report(artifact, [CheckResult("x", Verdict.PASS, "")], packages=[], seconds=1))
    assert gathering.published(whole(*rows)) == {"noarch/kafka-python-3.0.12-pyh_0.conda": "1" * 64}


def test_evidence_is_one_command_away(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["report", "show", "pykafka/linux-64/3.12", "--file", str(runs[0])], debug=True) == 0
    assert "seen" in capsys.readouterr().out
    assert (
        _run(["report", "show", "pykafka/*", "--check", "nothing*", "--file", str(runs[0]), "--json"], debug=True) == 0
    )
    assert json.loads(capsys.readouterr().out)[0]["checks"] == []
    assert _run(["report", "show", "pykafka/linux-64/2.7", "--file", str(runs[0])], debug=False) == 10
    assert "KF124" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "{", "[]", '{"format": 1}'])
def test_what_is_no_report(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "report.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ReportInvalid):
        merging.load(file)


def test_a_report_of_before_these_fields_is_still_read(tmp_path: Path) -> None:
    data = json.loads(whole(row(Verdict.PASS)).model_dump_json())
    del data["runs"]
    file = tmp_path / "report.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert isinstance(merging.load(file), Report)
