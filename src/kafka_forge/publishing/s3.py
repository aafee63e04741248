"""A channel in a bucket of S3, or of a server that speaks its protocol.

Files are put by conditional writes (``If-None-Match: *``, Amazon S3 User Guide, "Conditional writes"), so that nothing
is replaced even if two publish at once. The index, which alone makes files visible, is py-rattler's, and comes last.
Each call runs in a child process (`s3_worker`).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import (
    AlreadyPublished,
    ChannelUnreachable,
    ForgeError,
    NotProven,
    UnsupportedMachine,
    UploadInterrupted,
    UploadRefused,
)
from kafka_forge.ground import processes
from kafka_forge.ground.files import sha256_of
from kafka_forge.publishing.servers import standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.ground.progress import Progress
    from kafka_forge.publishing import Upload
    from kafka_forge.publishing.account import Account
    from kafka_forge.values.model import JsonObject

_INDEX = "the index"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Bucket:
    """See `kafka_forge.publishing.Destination`.

    Attributes:
        bucket: its name.
        prefix: the folder of the channel in it; empty for the bucket itself.
        account: how it is reached.
        asking: seconds that the server has for an answer while it is only looked at.
        sending: seconds that it has for one file.
    """

    bucket: str
    prefix: str
    account: Account
    asking: float = 60.0
    sending: float = 600.0

    @property
    def name(self) -> str:
        """See `Destination`."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def existing(self, uploads: Sequence[Upload]) -> dict[str, str]:
        """See `Destination`; what has one of the names is fetched and summed."""
        answer = self._call("look", self.asking, files=[upload.file for upload in uploads])
        if answer.get("failed") == "refused":
            raise UploadRefused(
                f"{self.name} may not be looked into; nothing was published",
                where=self.account.endpoint,
                details=[answer["said"]],
                todo="check the bucket's name, the access key and its right to list and read.",
            )
        if "failed" in answer:
            raise ChannelUnreachable(
                f"{self.name} does not answer, so nobody knows what it has; nothing was published",
                where=self.account.endpoint,
                details=[answer["said"]],
                todo="check AWS_ENDPOINT_URL_S3, AWS_REGION and the network, and publish again.",
            )
        found: dict[str, str] = answer["found"]
        return found

    def put(self, uploads: Sequence[Upload], attested: Mapping[str, str], progress: Progress) -> tuple[str, ...]:
        """See `Destination`; one file after the other, then the index. A file that no index names is not seen."""
        up: list[str] = []
        with progress.task(f"publish to {self.name}", total=len(uploads) + len(attested) + 1) as task:
            for upload in uploads:
                left = [*(each.file for each in uploads[len(up) + 1 :]), _INDEX]
                self._put(upload, up, left)
                up.append(upload.file)
                progress.say(f"up: {upload.file}")
                task.advance()
            for file, text in attested.items():
                self._attest(file, text, up)
                task.advance()
            task.note(_INDEX)
            answer = self._try("index", _INDEX, up, [])
            if answer:
                raise self._explained(_INDEX, up, [], answer)
            task.advance()
        return tuple(sorted(attested))

    def _attest(self, file: str, text: str, up: list[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="kafka-forge-attested-") as room:
            path = Path(room) / "sidecar"
            path.write_bytes(text.encode())
            this = f"the attestations of {file}"
            answer = self._try("attest", this, up, [_INDEX], file=file, path=str(path))
        if answer:
            raise self._explained(this, up, [_INDEX], answer)

    def _put(self, upload: Upload, up: list[str], left: list[str]) -> None:
        if sha256_of(upload.path) != upload.sha256:
            raise NotProven(
                f"{upload.file} changed while it was published",
                where=str(upload.path),
                details=standing(up, f"not begun: {upload.file}", left),
                todo="let nothing else write to the output folder, and publish again.",
            )
        answer = self._try("put", upload.file, up, left, file=upload.file, path=str(upload.path))
        # put by another in the meantime, or by a try of our own that got no answer
        if answer and answer.get("sha256") != upload.sha256:
            raise self._explained(upload.file, up, left, answer)

    def _try(self, action: str, this: str, up: list[str], left: list[str], **job: str) -> JsonObject:
        try:
            return self._call(action, self.sending, timeout=_TRIES * self.sending, **job)
        except KeyboardInterrupt as interrupt:
            raise self._explained(this, up, left, {"failed": "broken", "said": "interrupted"}) from interrupt

    def _call(self, action: str, seconds: float, *, timeout: float | None = None, **job: str | list[str]) -> JsonObject:
        """Let a child do something; return its answer."""
        whole = {"action": action, "bucket": self.bucket, "prefix": self.prefix, "seconds": seconds, **job}
        worker = [sys.executable, "-m", "kafka_forge.publishing.s3_worker", json.dumps(whole)]
        finished = processes.run(worker, environment=self.account.environment(), timeout=timeout)
        lines = [line for line in finished.output.decode(errors="replace").splitlines() if line.strip()] or [""]
        if finished.returncode == 0 and lines[-1].startswith("{"):
            answer: JsonObject = json.loads(lines[-1])
            return answer
        return {"failed": "broken", "said": f"status {finished.returncode}: {lines[-1][:300]}"}

    def _explained(self, this: str, up: list[str], left: list[str], answer: JsonObject) -> ForgeError:
        if answer["failed"] == "there":
            return AlreadyPublished(
                f"{this} appeared in {self.name} while it was being published, with other bytes",
                where=self.account.endpoint,
                details=[f"there {answer['sha256']}", *standing(up, f"refused: {this}", left)],
                todo="find out who else publishes to this channel, and publish again.",
            )
        if answer["failed"] == "refused":
            return UploadRefused(
                f"{self.name} refused {this}",
                where=self.account.endpoint,
                details=[answer["said"], *standing(up, f"refused: {this}", left)],
                todo="check the access key and its right to write, then publish again: what is up is left alone.",
            )
        return UploadInterrupted(
            f"the upload of {this} broke off; files are not visible before the index names them",
            where=self.account.endpoint,
            details=[answer["said"], *standing(up, f"in doubt: {this}", left)],
            todo="publish again: what is up with these bytes is left alone.",
        )


def available() -> None:
    """Make sure that S3 can be spoken to.

    Raises:
        UnsupportedMachine: obstore is not installed.
    """
    try:
        import obstore  # noqa: F401
    except ImportError as error:
        raise UnsupportedMachine(
            f"publishing to S3 needs obstore: {error}",
            todo="run scripts/publish.py, which installs it, or `pip install kafka-forge[s3]` (here: -e .[s3]).",
        ) from error


def parse(text: str) -> tuple[str, str] | None:
    """Return the bucket and the folder in it that ``s3://BUCKET/PREFIX`` names; None if it names none.

    >>> parse("s3://mine/conda/channel/")
    ('mine', 'conda/channel')
    >>> parse("s3://mine")
    ('mine', '')
    >>> parse("s3:mine") is None
    True
    """
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/((?:[\w.-]+/)*[\w.-]+)?/?)?", text)
    return (found[1], found[2] or "") if found else None
