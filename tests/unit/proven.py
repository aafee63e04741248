"""A folder of artifacts with a report that proves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.bases.packing import Package, pack
from kafka_forge.ground.files import sha256_of
from kafka_forge.report.model import artifact_report
from kafka_forge.values.model import Artifact, Cell, CheckResult, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.report.model import ArtifactReport


def proven(folder: Path, name: str, platform: str = "linux-64", verdict: Verdict = Verdict.PASS) -> ArtifactReport:
    """Put a small real package into a channel's folder; return its row of a report."""
    tree = folder / "tree" / name
    tree.mkdir(parents=True)
    (tree / f"{name}.txt").write_text(name, encoding="utf-8")
    made = pack(Package(name, "1", "h0_0", platform), tree, folder / platform)
    cell = Cell(name, platform, None, name, "1", "h0_0", noarch=False)
    artifact = Artifact(cell, made, sha256_of(made), made.stat().st_size)
    return artifact_report(artifact, [CheckResult("x", verdict, "seen")], packages=[], seconds=1)
