"""CEP 27's statement: this package, with this sum, goes to this channel.

https://conda.org/learn/ceps/cep-0027; the layout is that of in-toto's Statement v1
(https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kafka_forge.errors import AttestationRefused, UnknownChannel
from kafka_forge.errors.hiding import hidden
from kafka_forge.ground import jsons

if TYPE_CHECKING:
    from kafka_forge.attesting.package import Package

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://schemas.conda.org/attestations-publish-1.schema.json"
PAYLOAD = "application/vnd.in-toto+json"
"""The payload type of a DSSE envelope that holds a statement of in-toto's."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed.

    Attributes:
        name: the package's file name.
        sha256: of its bytes.
        channel: the URL of the channel that it is published to, without a slash at its end; None where none is named.
    """

    name: str
    sha256: str
    channel: str | None

    def encode(self) -> bytes:
        """Return the bytes that are signed; the same statement gives the same ones."""
        value: dict[str, Any] = {
            "_type": TYPE,
            "subject": [{"name": self.name, "digest": {"sha256": self.sha256}}],
            "predicateType": PREDICATE,
        }
        if self.channel is not None:
            value["predicate"] = {"targetChannel": self.channel}
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def decode(payload: bytes) -> Statement:
    """Return the statement of a payload; whether its signature is good is asked of the bundle.

    Raises:
        AttestationRefused: it is not one of CEP 27.
    """
    value = _parsed(payload)
    if value.get("_type") != TYPE or value.get("predicateType") != PREDICATE:
        raise _refused(f"the signed statement is a {value.get('predicateType')!r}, not CEP 27's ({PREDICATE})")
    subjects = value.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        raise _refused("the signed statement has not one subject, as CEP 27 wants it")
    name, digest = subjects[0].get("name"), subjects[0].get("digest")
    sha256 = digest.get("sha256") if isinstance(digest, dict) and len(digest) == 1 else None
    if not isinstance(name, str) or not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise _refused("the subject of the signed statement has no name, or not one sha256 alone")
    return Statement(name, sha256, _channel_of(value.get("predicate")))


def _channel_of(predicate: object) -> str | None:
    if predicate is None:
        return None
    if not isinstance(predicate, dict) or not isinstance(predicate.get("targetChannel"), str):
        raise _refused("the predicate of the signed statement has no targetChannel")
    return str(predicate["targetChannel"])


def mismatches(statement: Statement, package: Package, channel: str | None) -> list[str]:
    """Return how a statement is not about a package and a channel.

    Args:
        statement: what was signed.
        package: the file that is there.
        channel: the channel that it is used from; None where that is not asked.
    """
    said = []
    if statement.name != package.file.name:
        said.append(f"name: signed is {statement.name}, this is {package.file.name}")
    if statement.sha256 != package.sha256:
        said.append(f"sha256: signed is {statement.sha256}, this is {package.sha256}")
    if channel is not None and _spelled(statement.channel or "") != _spelled(channel):
        said.append(f"channel: signed is {statement.channel or 'none'}, asked for is {channel}")
    return said


def channel_of(text: str) -> str:
    """Return a channel's URL as a statement names it.

    Raises:
        UnknownChannel: it is no URL, or has who asks for it in it, which everybody would read in the statement.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or not (parts.netloc or parts.scheme == "file") or re.search(r"\s", text):
        raise UnknownChannel(
            f"{text!r} is no URL of a channel",
            todo="name the channel as its users do, for example https://HOST/CHANNEL.",
        )
    if hidden(text) != text or parts.query or parts.fragment:
        raise UnknownChannel(
            f"{text} has a password or a token in it, or more than a channel's address",
            todo="name the channel's public URL: everybody reads it in the statement.",
        )
    return _spelled(text)


def _spelled(url: str) -> str:
    """Return a URL as it is the same however its host's case and its end are spelled (RFC 3986, 6.2.2.1)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().rstrip("/")


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        value = jsons.parsed(payload, jsons.once)
    except ValueError as error:
        raise _refused(f"the signed statement cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise _refused("the signed statement is no JSON object")
    return value


def _refused(what: str) -> AttestationRefused:
    return AttestationRefused(what, todo="ask who signed it for an attestation as CEP 27 has it.")
