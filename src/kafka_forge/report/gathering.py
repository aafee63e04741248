"""The artifacts of several runs in one channel, beside their merged report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.channels import channel
from kafka_forge.errors import ReportsDisagree
from kafka_forge.ground.files import atomic_path, link_or_copy, sha256_of
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.report.model import Report


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
    for name, sha256 in published(report).items():
        _copy(_find(name, sha256, folders), output / name)
    channel.index(output)
    return report


def published(report: Report) -> dict[str, str]:
    """Return file → sha256 of what is in one channel: of several artifacts that share a name, the first platform's."""
    files: dict[str, str] = {}
    for artifact in sorted(report.artifacts, key=lambda each: PLATFORMS.index(each.platform)):
        if artifact.file is not None and artifact.sha256 is not None:
            files.setdefault(artifact.file, artifact.sha256)
    return files


def _find(name: str, sha256: str, folders: Sequence[Path]) -> Path:
    found = [folder / name for folder in folders if (folder / name).is_file()]
    for file in found:
        if sha256_of(file) == sha256:
            return file
    raise ReportsDisagree(
        f"{name} is not beside any of the reports as its report describes it",
        where=", ".join(map(str, found or folders)),
        details=[f"expected sha256 {sha256}"],
        todo="keep each report.json in the output folder of its run, and hand on the whole folder.",
    )


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as draft:
        link_or_copy(source, draft)
