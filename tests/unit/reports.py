"""A report with everything in it."""

from __future__ import annotations

from kafka_forge.report.model import (
    ArtifactReport,
    BaseReport,
    BrokerReport,
    MachineReport,
    Report,
    gravest,
)


def broker(version: str) -> BrokerReport:
    return BrokerReport(name=version, version=version, address="127.0.0.1:9092", owned=True, fault=None)


def whole(*artifacts: ArtifactReport, brokers: list[BrokerReport] | None = None) -> Report:
    return Report(
        format=2,
        started="2026-01-01T00:00:00+00:00",
        seconds=10,
        command=["verify"],
        verdict=gravest(each.verdict for each in artifacts),
        base=BaseReport(name="embedded", channel="file:///base", reason="conda-forge does not answer"),
        brokers=brokers or [broker("4.2.0")],
        machine=MachineReport(platform="linux-64", system="Linux 6", cores=2, python="3.12.1"),
        tools={"lief": "1.0.0"},
        stages={"build": 1.0},
        artifacts=list(artifacts),
    )
