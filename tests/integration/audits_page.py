"""``python -m tests.integration.audits_page`` audits real public packages, and writes docs/audits.md.

Nothing of the page is written by hand: versions, counts and sentences are those of the reports.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.paths import project_root
from kafka_forge.report.model import Report

from . import copies, debian

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.report.model import ArtifactReport, CheckReport

PAGE = project_root() / "docs" / "audits.md"
SPECS = (
    "pypi:confluent-kafka==2.14.2",
    "pypi:confluent-kafka==2.16.1",
    "pypi:kafka-python==3.0.12",
    "pypi:aiokafka==0.14.0",
    "pypi:pykafka==2.8.0",
)
"""What the Python index has; of pykafka that is an sdist, and pip builds it."""
PYTHON = "3.12"
_HEAD = """# What public packages get

<!-- made by `python -m tests.integration.audits_page`, which audits all of them -->

`kafka-forge audit` of packages as their users get them: wheels of the Python index (an sdist where there is no wheel,
as pip builds it), Debian's packages with Debian's own Python, and librdkafka as npm and crates carry it: as sources,
which their users compile, so here our recipe has built them, without its patches. Each is held to the contract of the
client's name, by what holds for its kind ([README](../README.md#audit-anybodys-packages)), and passes messages through
Apache Kafka. A package for which something of this project's contract is not true need not be a bad one: the contracts
promise, say, every feature of librdkafka, and asyncio classes that older versions have not. kafka-python's own release
loses a join that outlasts the poll() that began it ([patch 1](kafka-python.md)), so it keeps `roundtrip-rebalance` in
one run and not in another.

"""


@dataclass(frozen=True, slots=True)
class Audited:
    """One row: what was audited, under which name, and what was concluded."""

    name: str
    report: Report
    row: ArtifactReport


def page(audited: list[Audited]) -> str:
    """Return the page's text."""
    days = sorted({each.report.started[:10] for each in audited})
    kafka = sorted({broker.version for each in audited for broker in each.report.brokers})
    platform = audited[0].report.machine.platform
    seen = f"Seen on {' and '.join(days)}, with Apache Kafka {', '.join(kafka)}, on {platform}.\n"
    table = [
        "| package | Python | librdkafka that it loads | pass | fail | refused | verdict |",
        "|---|---|---|---:|---:|---:|---|",
        *(_row(each) for each in audited),
    ]
    return _HEAD + seen + "\n" + "\n".join(table) + "\n" + "".join(_failures(each) for each in audited)


def _row(audited: Audited) -> str:
    row = audited.row
    counts = {word: sum(check.verdict.value == word for check in row.checks) for word in ("pass", "fail", "refused")}
    numbers = " | ".join(str(count) for count in counts.values())
    return f"| {audited.name} | {row.python} | {_librdkafka(row)} | {numbers} | {row.verdict.value} |"


def _librdkafka(row: ArtifactReport) -> str:
    found = next((check for check in row.checks if check.id == "librdkafka-version"), None)
    return str(found.evidence.get("library") or "none") if found else "–"


def _failures(audited: Audited) -> str:
    """Return what fails, each cause once with the checks that showed it; what only follows is counted."""
    causes: dict[str, list[CheckReport]] = {}
    red = [check for check in audited.row.checks if check.verdict.value == "fail"]
    for check in red:
        if check.because is None:
            causes.setdefault(check.summary, []).append(check)
    if not red:
        return ""
    lines = [f"- {_plain(summary)}  \n  {_ids(checks)}" for summary, checks in causes.items()]
    follow = sum(check.because is not None for check in red)
    more = f"\n\n{follow} more failures follow from these." if follow else ""
    return f"\n## {audited.name}\n\n" + "\n".join(lines) + more + "\n"


def _ids(checks: list[CheckReport]) -> str:
    shown = ", ".join(f"`{check.id}`" for check in checks[:4])
    return shown + (f" and {len(checks) - 4} more" if len(checks) > 4 else "")


def _plain(summary: str) -> str:
    """Return a sentence as Markdown shows it as it is."""
    return "".join(f"\\{char}" if char in "\\`*_<>[]|" else char for char in summary)


def audited(room: Path) -> Iterator[Audited]:
    """Audit all of them: the index's in one run, Debian's in another one, and a copy in its own."""
    for report, names in (
        (_audit(*SPECS, output=room / "index"), SPECS),
        *((_copy(copy, room / copy.registry), (copy.name,)) for copy in copies.COPIES if shutil.which(copy.program)),
        *([(_debian(room), (f"Debian's {debian.CLIENT} {debian.versions()}",))] if shutil.which("apt-get") else []),
    ):
        for name, row in zip(names, report.artifacts, strict=True):
            yield Audited(name, report, row)


def _debian(room: Path) -> Report:
    prefix = debian.client(room / "debian")
    return _audit("--prefix", str(prefix), "confluent-kafka", output=room / "system")


def _copy(copy: copies.Copy, room: Path) -> Report:
    (artifact,) = copies.built(copy).artifacts
    return _audit(str(artifact.path), output=room)


def _audit(*arguments: str, output: Path) -> Report:
    command = [
        sys.executable,
        "-m",
        "kafka_forge.cli",
        "audit",
        *arguments,
        "--python",
        PYTHON,
        "--output",
        str(output),
    ]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # its status is the verdict
    data: Any = json.loads((output / "report.json").read_text(encoding="utf-8"))
    return Report.model_validate(data)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="audits-") as name:
        made = list(audited(Path(name)))
    write_text_atomic(PAGE, page(made))
    for each in made:
        sys.stdout.write(f"{each.name}: {each.row.verdict.value}\n")
