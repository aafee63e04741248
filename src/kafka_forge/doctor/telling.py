"""A report comes in; lines for a terminal go out, plain enough to be pasted into an issue."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kafka_forge.doctor.clients import BY_NAME
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.doctor.report import DoctorReport
    from kafka_forge.doctor.seen import Seen


def lines(report: DoctorReport) -> Iterator[str]:
    """Give the report's lines: the environment, its clients, the findings, and the sum."""
    python = report.seen.python
    yield f"doctor: Python {python.version} at {python.executable} ({python.system} {python.machine})"
    yield ""
    yield from clients(report.seen)
    for finding in report.findings:
        yield ""
        yield from _finding(finding)
    yield ""
    yield summary(report.findings)


def clients(seen: Seen) -> Iterator[str]:
    """Give a line for each client: its version, who installed it, and what it runs on."""
    for name in seen.present:
        own = [each for each in seen.distributions if each.name in BY_NAME[name].distributions]
        version = next((seen.version(each.name) for each in own), None) or "?"
        packages = [each for each in seen.conda if each.name in BY_NAME[name].conda]
        origin = " and ".join(
            dict.fromkeys(
                [
                    *(f"conda ({each.build})" for each in packages),
                    *(each.installer or "?" for each in own if not packages or each.installer != "conda"),
                ]
            )
        )
        yield f"  {name} {version}, by {origin or '?'}{_runs_on(seen, name)}"
    if not seen.present:
        yield "  no Kafka client"
    if seen.broker:
        release = f", Apache Kafka {seen.broker.release}" if seen.broker.release not in (None, "unknown") else ""
        yield f"  broker {seen.broker.address}{release}, by {seen.broker.protocol}"
    for each in seen.exchanges:
        mode = "" if each.mode == "default" else f" ({each.mode})"
        told = each.untried and f"not tried: {each.untried}"
        yield f"    {each.client}{mode}: {told or f'{each.received} of {each.asked} messages in {each.seconds} s'}"


def _runs_on(seen: Seen, name: str) -> str:
    imported = seen.clients.get(name)
    if imported is None:
        return " (not imported)"
    libraries = "; ".join(f"librdkafka {each.version or '?'} at {each.path}" for each in imported.librdkafka)
    if not libraries and imported.says:
        libraries = f"librdkafka {imported.says}" + ("" if imported.told else " (this system does not say from where)")
    mode = imported.c_mode
    modes = ""
    if mode is not None:
        state = "is refused" if mode.refused else "starts" if not mode.untold else "is there"
        modes = f"C mode {state}" if mode.there else "pure Python only"
    return "".join(f", {each}" for each in (modes, libraries) if each)


def _finding(finding: Finding) -> Iterator[str]:
    who = f"{finding.client}: " if finding.client else ""
    mark = finding.level.value.upper() if finding.level is Level.BROKEN else finding.level.value
    yield f"{mark}  {who}{finding.what}  [{finding.id}]"
    for line in finding.evidence:
        yield f"    seen  {line}"
    yield f"    next  {finding.next}"
    if finding.source:
        yield f"    see   {finding.source}"


def summary(findings: tuple[Finding, ...]) -> str:
    """Return how much of what was found.

    >>> summary(())
    'nothing found'
    """
    counted = Counter(finding.level for finding in findings)
    return ", ".join(f"{counted[level]} {_counted(level, counted[level])}" for level in Level if counted[level]) or (
        "nothing found"
    )


def _counted(level: Level, number: int) -> str:
    """Return a level's word behind a number.

    >>> _counted(Level.NOTE, 1), _counted(Level.NOTE, 2), _counted(Level.BROKEN, 2)
    ('note', 'notes', 'broken')
    """
    return level.value if number == 1 or level is Level.BROKEN else f"{level.value}s"
