"""The doctor's report: what was looked at, what was seen, and what was found; JSON by `schemas/doctor.schema.json`."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kafka_forge.doctor.findings import Finding, status
from kafka_forge.doctor.seen import Seen  # noqa: TC001  (pydantic reads it)

if TYPE_CHECKING:
    from collections.abc import Iterable


class DoctorReport(BaseModel):
    """One look at one environment.

    Attributes:
        format: of this report; it grows where a field is taken out or gets another meaning.
        tool: this program's version.
        status: the exit status: 0 nothing but notes, 1 warnings, 2 something cannot work.
        findings: worst first.
        seen: the evidence.
        redacted: whether hosts, users, paths and settings' values were taken out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    tool: str
    status: int = Field(ge=0, le=2)
    findings: tuple[Finding, ...]
    seen: Seen
    redacted: bool = False


def made(seen: Seen, findings: Iterable[Finding]) -> DoctorReport:
    """Return the report of what was seen and found."""
    listed = tuple(findings)
    return DoctorReport(tool=metadata.version("kafka-forge"), status=status(listed), findings=listed, seen=seen)
