"""From a green report to a channel: a folder, a server that py-rattler-build can upload to, or a bucket of S3.

Only what the report has proven is published, byte for byte, and never over a file that is there already. A file that
is there with the same bytes is left alone, so a run that was broken off can simply be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kafka_forge.errors import AlreadyPublished, NotProven
from kafka_forge.ground.files import sha256_of
from kafka_forge.publishing import attested
from kafka_forge.report import gathering, merging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kafka_forge.attesting.keys import Public
    from kafka_forge.attesting.verifying import Signer
    from kafka_forge.ground.progress import Progress
    from kafka_forge.report.model import Report


@dataclass(frozen=True, slots=True)
class Upload:
    """One proven artifact.

    Attributes:
        file: subdir and name, for example ``noarch/kafka-python-3.0.12-pyh0_0.conda``.
        path: where it stands here.
        sha256: of its bytes.
    """

    file: str
    path: Path
    sha256: str


class Destination(Protocol):
    """A channel that can be published to."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    def existing(self, uploads: Sequence[Upload]) -> Mapping[str, str]:
        """Return file → sha256 of those that the channel has already; an empty sum where it does not tell.

        Raises:
            ChannelUnreachable: the channel does not answer.
            UploadRefused: it does not let us look.
        """

    def put(self, uploads: Sequence[Upload], attested: Mapping[str, str], progress: Progress) -> tuple[str, ...]:
        """Publish files that the channel does not have, and attestations of these, and of those that it has.

        Args:
            uploads: the files.
            attested: file → the text of its attestations (`kafka_forge.attesting.sidecar`).
            progress: who listens.

        Returns:
            the files whose attestations the channel has now; a server may take none.

        Raises:
            AlreadyPublished, UploadRefused, UploadInterrupted: with what is up and what is not.
            DiskFull, NotWritable: the file system refuses.
        """


@dataclass(frozen=True, slots=True)
class Published:
    """What a run did.

    Attributes:
        published: the files that it published.
        there: those that were there already with the same bytes.
        attested: those whose attestations the channel has now.
        unattested: those that have attestations here which the channel takes none of.
    """

    published: tuple[str, ...]
    there: tuple[str, ...]
    attested: tuple[str, ...] = ()
    unattested: tuple[str, ...] = ()


def publish(
    report: Report,
    folder: Path,
    destination: Destination,
    progress: Progress,
    *,
    inspected: bool = False,
    by: Public | Signer | None = None,
    target: str | None = None,
) -> Published:
    """Publish everything that a report has proven, with the attestations that are beside it.

    Args:
        report: of one run, or merged.
        folder: the channel that the report stands in.
        destination: where to.
        progress: who listens.
        inspected: whether a macOS artifact that nothing could run may be published, too.
        by: whose attestation every file must have; None where none is demanded.
        target: the channel's URL that these must name; None where that is not asked.

    Raises:
        NotProven: the report is not green, or a file is not the one that it is about.
        AttestationMissing, AttestationRefused: see `attested.beside`.
        AlreadyPublished: the destination has other bytes under one of the names; nothing was published.
        ForgeError: see `Destination`.
    """
    uploads = proven(report, folder, inspected=inspected)
    with_them = attested.beside({upload.file: upload.path for upload in uploads}, by, target)
    there = destination.existing(uploads)
    taken = [upload for upload in uploads if there.get(upload.file, upload.sha256) != upload.sha256]
    if taken:
        raise AlreadyPublished(
            f"{destination.name} has {len(taken)} of these files already, with other bytes; nothing was published",
            where=destination.name,
            details=[f"{each.file}: here {each.sha256}, there {there[each.file] or 'not told'}" for each in taken],
            todo="raise the build number of the recipe: a file that users may have is never replaced.",
        )
    wanted = [upload for upload in uploads if upload.file not in there]
    taken_along = destination.put(wanted, with_them, progress)
    left = tuple(sorted(with_them.keys() - {*taken_along}))
    return Published(tuple(each.file for each in wanted), tuple(sorted(there)), taken_along, left)


def proven(report: Report, folder: Path, *, inspected: bool = False) -> tuple[Upload, ...]:
    """Return the files of a green report, each checked against its sum.

    Args:
        report, folder, inspected: as for `publish`.

    Raises:
        NotProven: the report is not green, or a file is missing or another one.
    """
    faults = merging.faults(report, inspected=inspected)
    if faults:
        raise NotProven(
            "the report is not green, so nothing was published",
            where=str(folder / "report.json"),
            details=faults[:20],
            todo="mend what fails and run verify again, on a Mac for what was only inspected (--inspected lets it be).",
        )
    uploads = [Upload(file, folder / file, sha256) for file, sha256 in gathering.published(report).items()]
    for upload in uploads:
        found = sha256_of(upload.path) if upload.path.is_file() else "no file"
        if found != upload.sha256:
            raise NotProven(
                f"{upload.file} is not the file that the report is about; nothing was published",
                where=str(upload.path),
                details=[f"reported sha256 {upload.sha256}", f"found    {found}"],
                todo="run verify again, so that report and files are of one run.",
            )
    return tuple(uploads)
