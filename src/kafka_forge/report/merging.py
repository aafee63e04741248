"""Several reports in one, as a CI's last job has them; and what keeps a report from being green."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from kafka_forge.errors import ReportInvalid, ReportsDisagree, said
from kafka_forge.ground import jsons
from kafka_forge.report.model import Report, RunReport, cell_id, gravest
from kafka_forge.values.model import BASE_HAS_PYTHON, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from kafka_forge.report.model import ArtifactReport, BrokerReport, CheckReport


def load(file: Path) -> Report:
    """Read a ``report.json``.

    Raises:
        ReportInvalid: it is missing, is no JSON, or breaks the schema.
    """
    try:
        return Report.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ReportInvalid(
            "there is no report to read", where=str(file), todo="run `kafka-forge verify`, or name another file."
        ) from error
    except ValidationError as error:
        raise ReportInvalid(
            "this is no report of this version of kafka-forge",
            where=str(file),
            details=[f"{'.'.join(map(str, each['loc'])) or '(top)'}: {each['msg']}" for each in error.errors()[:5]],
            todo="make it anew with `kafka-forge verify`; `report.schema.json` in the package describes it.",
        ) from error


def merge(reports: Sequence[Report], command: Sequence[str]) -> Report:
    """Return one report of several runs.

    A cell that several runs report on must be the same artifact, byte for byte; its checks are then put together,
    each check with the gravest of its verdicts, so a failure does not vanish behind a later pass.

    Raises:
        ReportsDisagree: two runs mean different artifacts by the same cell.
    """
    artifacts: dict[str, ArtifactReport] = {}
    for artifact in (each for report in reports for each in report.artifacts):
        name = cell_id(artifact)
        artifacts[name] = _together(name, artifacts[name], artifact) if name in artifacts else artifact
    brokers: dict[str, BrokerReport] = {}
    for broker in (each for report in reports for each in report.brokers):
        known = brokers.get(broker.name)
        brokers[broker.name] = broker if known is None or known.fault is None else known
    stages: dict[str, float] = {}
    for name, seconds in (pair for report in reports for pair in report.stages.items()):
        stages[name] = round(stages.get(name, 0.0) + seconds, 3)
    return reports[0].model_copy(
        update={
            "started": min(report.started for report in reports),
            "seconds": round(sum(report.seconds for report in reports), 3),
            "command": list(command),
            "verdict": gravest(artifact.verdict for artifact in artifacts.values()),
            "brokers": list(brokers.values()),
            "stages": stages,
            "rolled": sorted({text for report in reports for text in report.rolled}),
            "artifacts": sorted(artifacts.values(), key=lambda each: (each.recipe, each.platform)),
            "runs": [run for report in reports for run in report.runs or [_run(report)]],
        }
    )


def _run(report: Report) -> RunReport:
    facts = {name: getattr(report, name) for name in RunReport.model_fields if name != "cells"}
    return RunReport(**facts, cells=[cell_id(each) for each in report.artifacts])


def _together(name: str, one: ArtifactReport, other: ArtifactReport) -> ArtifactReport:
    if one.sha256 != other.sha256:
        raise ReportsDisagree(
            f"two reports mean different artifacts by {name}",
            where=one.file or other.file,
            details=[f"sha256 {one.sha256}", f"sha256 {other.sha256}"],
            todo="merge the reports of one run only; if a job was repeated, leave out its older report.",
        )
    checks: dict[tuple[str, str | None], CheckReport] = {}
    for check in (*one.checks, *other.checks):
        key = (check.id, check.broker)
        known = checks.get(key)
        checks[key] = check if known is None or _graver(check, known) else known
    found = list(checks.values())
    return one.model_copy(update={"checks": found, "verdict": gravest(check.verdict for check in found)})


def _graver(check: CheckReport, known: CheckReport) -> bool:
    return check.verdict is not known.verdict and gravest([check.verdict, known.verdict]) is check.verdict


def faults(report: Report, expected: Iterable[str] = (), *, inspected: bool = True) -> tuple[str, ...]:
    """Return what keeps a report from being green, one line each; nothing where it is.

    Green is: every check passes, or is refused with the reason that the contract gives, or (macOS alone, which cannot
    be run elsewhere) is inspected on a machine of another platform; and every expected cell is there.

    Args:
        report: of one run, or merged.
        expected: ids of the cells that must be there, for example ``pykafka/linux-64/3.12``.
        inspected: whether what was not run may be green at all.
    """
    machines = _machines(report)
    found = [
        f"{cell_id(each)}: {fault}"
        for each in report.artifacts
        for fault in _faults_of(each, machines[cell_id(each)] if inspected else None)
    ]
    there = {cell_id(each) for each in report.artifacts}
    found += [f"{name}: no job reported on it" for name in expected if name not in there]
    return (*found, *([] if there else ["the report has no cells at all"]))


def _machines(report: Report) -> dict[str, set[str]]:
    """Return cell id → the platforms of the machines that reported on it."""
    found: dict[str, set[str]] = {cell_id(each): set() for each in report.artifacts}
    for run in report.runs or [_run(report)]:
        for name in run.cells:
            found.setdefault(name, set()).add(run.machine.platform)
    return found


def _faults_of(artifact: ArtifactReport, machines: Collection[str] | None) -> list[str]:
    if gravest(check.verdict for check in artifact.checks) is not artifact.verdict:
        return [f"its verdict is {artifact.verdict}, and its checks say otherwise"]
    return [f"{_name(check)} {fault}" for check in artifact.checks if (fault := _fault(check, artifact, machines))]


def _named(check: CheckReport, artifact: ArtifactReport) -> bool:
    """Whether a refusal is the contract's, with its public source, or the base's, which cannot have the cell at all."""
    absent = artifact.sha256 is None and check.id == BASE_HAS_PYTHON and check.summary != ""
    return absent or bool(check.evidence.get("reason") and check.evidence.get("see"))


def _name(check: CheckReport) -> str:
    return f"{check.id} on Kafka {check.broker}" if check.broker else check.id


def _fault(check: CheckReport, artifact: ArtifactReport, machines: Collection[str] | None) -> str:
    """Return what is wrong with one check's verdict, or nothing.

    Args:
        check, artifact: which one.
        machines: the platforms of the machines that looked at it; None where looking is not enough.
    """
    if check.verdict is Verdict.FAIL:
        return f"fails: {check.summary}"
    if check.verdict is Verdict.REFUSED and not _named(check, artifact):
        return "is refused without a reason that the contract names"
    if check.verdict is not Verdict.REFUSED and artifact.sha256 is None:
        return "is about an artifact that is not there"
    return _unrun(artifact.platform, machines) if check.verdict is Verdict.INSPECTED else ""


def _unrun(platform: str, machines: Collection[str] | None) -> str:
    """Return what is wrong with not having run something, or nothing where nobody could have."""
    if machines is None:
        return "was only inspected, and not run"
    if not platform.startswith("osx-"):
        return f"was only inspected, and {platform} can be run"
    if not machines:
        return "was only inspected, and no run says on which machine"
    return f"was only inspected, though a machine of {platform} reported on it" if platform in machines else ""


def expected_cells(file: Path) -> tuple[str, ...]:
    """Return the ids of the cells in what ``matrix --json`` printed.

    Raises:
        ReportInvalid: the file is something else.
    """
    try:
        return tuple(cell["id"] for cell in jsons.parsed(file.read_bytes())["cells"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportInvalid(
            f"this is not what `kafka-forge matrix --json` prints: {said(error)}",
            where=str(file),
            todo="save the output of `kafka-forge matrix --json` and name that file.",
        ) from error
