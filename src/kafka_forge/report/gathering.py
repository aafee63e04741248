"""The artifacts of several runs in one channel, beside their merged report."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from kafka_forge import channel
from kafka_forge.errors import ReportsDisagree
from kafka_forge.files import atomic_path, sha256_of
from kafka_forge.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.report.model import ArtifactReport, Report


def gather(report: Report, folders: Sequence[Path], output: Path) -> Report:
    """Put every artifact of a merged report into the channel at ``output``, and index it.

    A noarch package is proven on every platform, and each machine built it for itself; the channel takes the one of
    the first platform.

    Args:
        report: merged.
        folders: the channels that the runs' reports stood in.
        output: the channel to fill.

    Returns:
        The report as given.

    Raises:
        ReportsDisagree: no folder has a file with the name and sha256 that the report says.
        DiskFull, NotWritable: the file system refuses.
    """
    for artifact in published(report):
        _copy(_find(artifact, folders), output / artifact.file)
    channel.index(output)
    return report


def published(report: Report) -> list[ArtifactReport]:
    """Return the artifacts that are files of one channel: of several that share a name, the first platform's."""
    ordered = sorted(report.artifacts, key=lambda each: PLATFORMS.index(each.platform))
    files: dict[str, ArtifactReport] = {}
    for artifact in ordered:
        files.setdefault(artifact.file, artifact)
    return list(files.values())


def _find(artifact: ArtifactReport, folders: Sequence[Path]) -> Path:
    found = [folder / artifact.file for folder in folders if (folder / artifact.file).is_file()]
    for file in found:
        if sha256_of(file) == artifact.sha256:
            return file
    raise ReportsDisagree(
        f"{artifact.file} is not beside any of the reports as its report describes it",
        where=", ".join(map(str, found or folders)),
        details=[f"expected sha256 {artifact.sha256}"],
        todo="keep each report.json in the output folder of its run, and hand on the whole folder.",
    )


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as draft:
        try:
            os.link(source, draft)
        except OSError:
            shutil.copyfile(source, draft)
