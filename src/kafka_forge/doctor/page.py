"""The table of known faults as a page, docs/doctor.md: ``python -m kafka_forge.doctor.page`` writes it anew."""

from __future__ import annotations

from kafka_forge.doctor.clients import CLIENTS
from kafka_forge.doctor.conditions import (
    Absent,
    Bundled,
    CMode,
    Condition,
    Distribution,
    FeatureMissing,
    ImportFails,
    Librdkafka,
    Python,
)
from kafka_forge.doctor.known import Fault, table
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.paths import project_root

_HEAD = """\
# What `doctor` knows of faults

`kafka-forge doctor` looks at any environment and says which of these {count} faults it has, beside what any version can
suffer: a client that crashes, hangs or does not import; installed twice, or over another; files that are gone; a
librdkafka that is older than its client, from elsewhere, or one of two in a process; CA certificates, `kinit` and files
of settings that are not there.

Each line is tried against a real environment that has the fault and against one that has not
([the environments](../tests/doctor_environments.py)). This page is made of
[`known.yaml`](../src/kafka_forge/doctor/known.yaml) by `python -m kafka_forge.doctor.page`. A **broken** client cannot
work (exit status 2); a warning does harm in ordinary use (1); a note does in a use that it names (0). *Mended*: what
this project builds has it not.

To add one: an entry in `known.yaml`, and an environment that has it in `tests/doctor_environments.py`, captured by
`python -m tests.unit.data.capture_doctor NAME`.
"""


def _told(condition: Condition) -> str:
    """Return a condition in words."""
    match condition:
        case Distribution():
            told = f"{condition.distribution} {condition.versions}".strip()
        case Absent():
            told = "without " + ", ".join(condition.absent)
        case Python():
            told = f"Python {condition.python}"
        case Librdkafka():
            told = f"librdkafka {condition.librdkafka}"
        case FeatureMissing():
            told = f"librdkafka without {condition.feature_missing}"
        case Bundled():
            told = "librdkafka of a wheel" if condition.bundled else "librdkafka of its own"
        case ImportFails():
            told = f"`import {condition.import_fails}` fails"
        case CMode():
            told = f"C mode {condition.c_mode}"
    return told


def _row(fault: Fault) -> str:
    level = f"**{fault.level.value}**" if fault.level.value == "broken" else fault.level.value
    reference = fault.issue.rstrip("/").split("/")[-1]
    where = fault.issue.split("/")
    name = f"{where[4]}#{reference}" if "github.com" in fault.issue else reference
    cells = (
        f"`{fault.id}`",
        level,
        "; ".join(_told(condition) for condition in fault.when),
        fault.symptom + (" *(mended)*" if fault.mended else ""),
        fault.remedy,
        f"[{name}]({fault.issue})",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def page() -> str:
    """Return the page: a table for each client, and one for what runs on librdkafka, whichever client that is."""
    faults = table()
    lines = [_HEAD.format(count=len(faults))]
    headings: dict[tuple[str, ...], str] = {(client.name,): client.name for client in CLIENTS}
    headings[("confluent-kafka", "pykafka")] = "librdkafka, under confluent-kafka and pykafka"
    for clients, heading in headings.items():
        rows = [_row(fault) for fault in faults if fault.clients == clients]
        if rows:
            lines += [f"## {heading}", "", "| id | | where | what | what to do | source |", "|---|---|---|---|---|---|"]
            lines += [*rows, ""]
    return "\n".join(lines)


if __name__ == "__main__":
    write_text_atomic(project_root() / "docs" / "doctor.md", page())
