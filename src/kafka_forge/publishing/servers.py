"""Channels on servers, through py-rattler-build's uploaders.

An upload runs in a child process (`upload_worker`): the uploader holds Python's lock while it sends, and so would
neither see Ctrl-C nor let a progress bar move.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kafka_forge.errors import AlreadyPublished, ChannelUnreachable, ForgeError, UploadInterrupted, UploadRefused
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

    from kafka_forge.ground.progress import Progress
    from kafka_forge.publishing import Upload

TOKEN = "KAFKA_FORGE_TOKEN"
"""The environment variable with the server's API key; without it, rattler's own stored credentials are used."""

KINDS = ("anaconda", "artifactory", "prefix", "quetz")
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """See `kafka_forge.publishing.Destination`.

    Attributes:
        kind: one of `KINDS`.
        url: the server; None for anaconda's own, which rattler knows.
        channel: the channel's name, or the owner's (with ``/LABEL``) on anaconda's server.
    """

    kind: str
    url: str | None
    channel: str

    @property
    def name(self) -> str:
        """See `Destination`."""
        return f"{self.kind}+{self.url}/{self.channel}" if self.url else f"{self.kind}:{self.channel}"

    def existing(self, uploads: Sequence[Upload]) -> dict[str, str]:
        """Ask the channel's index, and of a server that would replace a file without a word, for each file.

        A channel that does not exist yet, or that may not be read without more rights, has nothing that we know of;
        the server itself then refuses what it has.
        """
        found: dict[str, str] = {}
        for subdir in sorted({upload.file.split("/")[0] for upload in uploads}):
            index = self._get(f"{self._readable()}/{subdir}/repodata.json")
            packages = index.json().get("packages.conda", {}) if index.ok else {}
            found.update({f"{subdir}/{name}": str(each.get("sha256", "")) for name, each in packages.items()})
        here = {upload.file for upload in uploads}
        if self.kind == "artifactory":
            unknown = [file for file in sorted(here - found.keys()) if self._get(f"{self._readable()}/{file}").ok]
            found.update(dict.fromkeys(unknown, ""))
        return {file: sha256 for file, sha256 in found.items() if file in here}

    def _readable(self) -> str:
        """Return the channel's URL for those who install from it."""
        import rattler

        owner = self.channel.split("/")[0]
        if self.kind == "anaconda":
            base = self.url or str(rattler.Channel(owner).base_url).rstrip("/").removesuffix(f"/{owner}")
            return f"{base}/{owner}"
        return f"{self.url}/get/{self.channel}" if self.kind == "quetz" else f"{self.url}/{self.channel}"

    def _get(self, url: str) -> requests.Response:
        import requests

        try:
            answer = requests.get(url, headers=self._credentials(), timeout=_SECONDS, stream=True)
        except requests.RequestException as error:
            raise ChannelUnreachable(
                f"{self.name} does not answer, so nobody knows what it has; nothing was published",
                where=url,
                details=[str(error)[:300]],
                todo="check the address and the network, and publish again.",
            ) from error
        if answer.status_code >= 500:
            raise ChannelUnreachable(
                f"{self.name} answers {answer.status_code}; nothing was published", where=url, todo="try again later."
            )
        return answer

    def _credentials(self) -> dict[str, str]:
        token = os.environ.get(TOKEN)
        if not token:
            return {}
        scheme = {"quetz": ("X-API-Key", token), "anaconda": ("Authorization", f"token {token}")}
        name, value = scheme.get(self.kind, ("Authorization", f"Bearer {token}"))
        return {name: value}

    def put(self, uploads: Sequence[Upload], attested: Mapping[str, str], progress: Progress) -> tuple[str, ...]:  # noqa: ARG002
        """See `Destination`; one file after the other, so that it is known which are up. Attestations stay here."""
        up: list[str] = []
        with progress.task(f"publish to {self.name}", total=len(uploads)) as task:
            for upload in uploads:
                left = [each.file for each in uploads[len(up) + 1 :]]
                try:
                    answer = self._send(upload)
                except KeyboardInterrupt as interrupt:
                    raise self._broken(upload, up, left, "interrupted") from interrupt
                if answer is not None:
                    raise self._explained(upload, up, left, answer)
                up.append(upload.file)
                progress.say(f"up: {upload.file}")
                task.advance()
        return ()

    def _send(self, upload: Upload) -> str | None:
        """Upload one file; return the uploader's complaint, or None if the server took it."""
        worker = [sys.executable, "-m", "kafka_forge.publishing.upload_worker"]
        finished = processes.run([*worker, self.kind, self.url or "", self.channel, str(upload.path)])
        if finished.returncode == 0:
            return None
        lines = finished.output.decode(errors="replace").replace("\r", "\n").splitlines()
        return next((line for line in reversed(lines) if line.strip()), f"status {finished.returncode}")

    def _explained(self, upload: Upload, up: list[str], left: list[str], answer: str) -> ForgeError:
        if re.search(r"error sending request|after retries|timed? ?out|connection", answer, re.IGNORECASE):
            return self._broken(upload, up, left, answer)
        if re.search(r"\b409\b|already exists", answer, re.IGNORECASE):
            return AlreadyPublished(
                f"{self.name} has {upload.file} already",
                where=self.name,
                details=[answer, *standing(up, f"refused: {upload.file}", left)],
                todo="raise the build number; a file of this very run is left alone once the channel's index has it.",
            )
        return UploadRefused(
            f"{self.name} refused {upload.file}",
            where=self.name,
            details=[answer, *standing(up, f"refused: {upload.file}", left)],
            todo=f"check the token in ${TOKEN} and its rights, then publish again: what is up is left alone.",
        )

    def _broken(self, upload: Upload, up: list[str], left: list[str], answer: str) -> UploadInterrupted:
        return UploadInterrupted(
            f"the upload of {upload.file} broke off",
            where=self.name,
            details=[answer, *standing(up, f"in doubt: {upload.file}", left)],
            todo="publish again: what is up with these bytes is left alone.",
        )


def standing(up: list[str], this: str, left: list[str]) -> list[str]:
    """Return which files are up, what became of this one, and which were not begun: a line each."""
    return [*(f"up: {file}" for file in up), this, *(f"not begun: {file}" for file in left)]


def parse(text: str) -> Server | None:
    """Return the server that ``anaconda:OWNER`` or ``KIND+URL/CHANNEL`` names; None if it names none."""
    if text.startswith("anaconda:") and not text.startswith("anaconda:/"):
        return Server("anaconda", None, text.removeprefix("anaconda:")) if text != "anaconda:" else None
    kind, _, rest = text.partition("+")
    if kind not in KINDS:
        return None
    parts = urlsplit(rest)
    top, _, channel = rest.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.path.strip("/"):
        return None
    return Server(kind, top, channel)
