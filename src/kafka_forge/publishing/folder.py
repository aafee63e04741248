"""A channel that is a folder: all new files appear together, or none does."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.attesting import sidecar
from kafka_forge.channels import channel
from kafka_forge.errors import AlreadyPublished, NotProven
from kafka_forge.ground.files import explain_os_errors, sha256_of
from kafka_forge.publishing.attested import merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.ground.progress import Progress
    from kafka_forge.publishing import Upload


@dataclass(frozen=True, slots=True)
class Folder:
    """See `kafka_forge.publishing.Destination`."""

    root: Path

    @property
    def name(self) -> str:
        """See `Destination`."""
        return str(self.root)

    def existing(self, uploads: Sequence[Upload]) -> dict[str, str]:
        """See `Destination`."""
        found = {upload.file: self.root / upload.file for upload in uploads}
        return {file: sha256_of(path) for file, path in found.items() if path.exists()}

    def put(self, uploads: Sequence[Upload], attested: Mapping[str, str], progress: Progress) -> tuple[str, ...]:
        """Copy all files beside the channel's, then give them their names, then write the index anew.

        What is broken off before the last name is given is undone. A channel's users only see what its index names,
        and that is written last, atomically.
        """
        with explain_os_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            room = Path(tempfile.mkdtemp(prefix=".publish-", dir=self.root))
        try:
            with explain_os_errors(self.root), progress.task(f"publish to {self.root}", total=len(uploads)) as task:
                for upload in uploads:
                    _copy(upload, room / upload.file)
                    task.advance()
                self._name(uploads, room)
            for file, text in attested.items():
                self._attest(self.root / file, text)
        finally:
            shutil.rmtree(room, ignore_errors=True)
        channel.index(self.root)
        return tuple(sorted(attested))

    def _attest(self, target: Path, text: str) -> None:
        """Add to the attestations that the channel has of a file; none that it has is lost (CEP 50)."""
        there = sidecar.beside(target)
        with sidecar.one_at_a_time(target.parent):
            whole = merged(sidecar.read(there)[0] if there.exists() else None, text)
            if whole is not None:
                sidecar.write(target, whole)

    def _name(self, uploads: Sequence[Upload], room: Path) -> None:
        named: list[Path] = []
        try:
            for upload in uploads:
                target = self.root / upload.file
                target.parent.mkdir(exist_ok=True)
                _give_name(room / upload.file, target)
                named.append(target)
        except BaseException:
            for target in named:
                target.unlink(missing_ok=True)
            raise


def _copy(upload: Upload, draft: Path) -> None:
    draft.parent.mkdir(exist_ok=True)
    shutil.copyfile(upload.path, draft)
    if sha256_of(draft) != upload.sha256:
        raise NotProven(
            f"{upload.file} changed while it was published; nothing was published",
            where=str(upload.path),
            todo="let nothing else write to the output folder, and publish again.",
        )


def _give_name(draft: Path, target: Path) -> None:
    """Give a file its name; unlike a rename, a link never replaces what took that name in the meantime."""
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise AlreadyPublished(
            f"{target.name} appeared in the channel while it was being published; nothing was published",
            where=str(target),
            todo="find out who else publishes to this channel, and publish again.",
        ) from error
