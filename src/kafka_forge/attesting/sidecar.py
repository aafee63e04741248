"""The file beside a package that its attestations are in (CEP 50): ``NAME.conda.sigs``, a JSON array of bundles.

The same bytes stand once more under their sum, ``NAME.conda.sigs.SHA256``, and stay there: an index names that one, and
py-rattler writes no index of a folder in which it is missing. What is in the array is only added to.
https://conda.org/learn/ceps/cep-0050
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from kafka_forge.attesting.statement import PAYLOAD
from kafka_forge.errors import AttestationMissing, AttestationRefused, said
from kafka_forge.ground import jsons
from kafka_forge.ground.files import explain_os_errors, write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".sigs"
MEDIA = "application/vnd.dev.sigstore.bundle"
"""How the media type of a Sigstore bundle begins, whatever its version."""
LARGEST = 4 << 20
"""Bytes of a sidecar; py-rattler takes no larger one either."""
_ASK = "ask who published the package for its attestation."


@dataclass(frozen=True, slots=True)
class Bundle:
    """One attestation, as it stands in the array.

    Attributes:
        value: the bundle.
        where: the file, and the place in it.
    """

    value: dict[str, Any]
    where: str

    @property
    def hint(self) -> str | None:
        """What the bundle says of the key that it is signed by; None where it is signed without one."""
        material = self.value.get("verificationMaterial")
        key = material.get("publicKey") if isinstance(material, dict) else None
        return str(key.get("hint", "")) if isinstance(key, dict) else None

    def signed(self) -> tuple[bytes, bytes]:
        """Return the payload and its signature.

        Raises:
            AttestationRefused: it is no Sigstore bundle with a statement of in-toto's and one signature.
        """
        envelope = self.value.get("dsseEnvelope")
        if not str(self.value.get("mediaType", "")).startswith(MEDIA) or not isinstance(envelope, dict):
            raise self._refused("it is no Sigstore bundle with a DSSE envelope")
        signatures = envelope.get("signatures")
        if envelope.get("payloadType") != PAYLOAD or not isinstance(signatures, list) or len(signatures) != 1:
            raise self._refused("its envelope has not one statement of in-toto's with one signature")
        try:
            return tuple(  # type: ignore[return-value]
                base64.b64decode(text, validate=True) for text in (envelope["payload"], signatures[0]["sig"])
            )
        except (KeyError, TypeError, binascii.Error) as error:
            raise self._refused(f"its envelope cannot be read: {error!r}") from error

    def _refused(self, what: str) -> AttestationRefused:
        return AttestationRefused(what, where=self.where, todo=_ASK)


def beside(file: Path) -> Path:
    """Return where a package's attestations are."""
    return file.with_name(file.name + SUFFIX)


def addressed(text: str) -> str:
    """Return what follows a package's name in that of the file that an index names: suffix, and sum of the bytes."""
    return f"{SUFFIX}.{hashlib.sha256(text.encode()).hexdigest()}"


def read(path: Path) -> tuple[str, tuple[Bundle, ...]]:
    """Return a sidecar's text and its bundles; a bundle that stands alone, as others' tools write it, is taken, too.

    Raises:
        AttestationMissing: there is no such file.
        AttestationRefused: it has no bundles in it.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except FileNotFoundError as error:
        raise AttestationMissing(f"there is no attestation: no file {path.name}", where=str(path), todo=_ASK) from error
    except OSError as error:
        raise AttestationRefused(
            f"the attestations cannot be read: {said(error)}", where=str(path), todo="name a file that you may read."
        ) from error
    try:
        text = content.decode("utf-8")
        value = jsons.parsed(text, jsons.once)
    except ValueError as error:
        why = str(error) if content else f"it has more than {LARGEST:,} bytes, or none"
        raise AttestationRefused(
            "the attestations cannot be read", where=str(path), details=[why], todo=_ASK
        ) from error
    found = [value] if isinstance(value, dict) else value
    if not isinstance(found, list) or not found:
        raise AttestationRefused("this is no array of Sigstore bundles", where=str(path), todo=_ASK)
    others = [f"bundle {number} is none" for number, each in enumerate(found, 1) if not isinstance(each, dict)]
    if others:
        raise AttestationRefused(
            "not all in this array are Sigstore bundles, and one that is none spoils all for an installer",
            where=str(path),
            details=others,
            todo=_ASK,
        )
    return text, tuple(Bundle(each, f"{path}, bundle {number}") for number, each in enumerate(found, 1))


def joined(text: str | None, bundles: list[str]) -> str:
    """Return a sidecar's text with further bundles after those that it has, whose bytes stay.

    >>> joined(None, ['{"a":1}'])
    '[\\n{"a":1}\\n]\\n'
    >>> joined('[{"a":  1}]', ['{"b":2}'])
    '[{"a":  1},\\n{"b":2}\\n]\\n'
    """
    added = ",\n".join(bundles)
    return f"[\n{added}\n]\n" if text is None else f"{text.rstrip().removesuffix(']').rstrip()},\n{added}\n]\n"


def add(file: Path, bundles: list[str]) -> Path:
    """Add bundles to the attestations of a package; return the file that they are in.

    First comes the file that an index names, then the other one (CEP 50).

    Raises:
        AttestationRefused: what is there cannot be read, so that it can neither be kept nor replaced.
        DiskFull, NotWritable: the file system refuses.
    """
    target = beside(file)
    with one_at_a_time(file.parent):
        text = joined(read(target)[0] if target.exists() else None, bundles)
        write(file, text)
    return target


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let nobody else add to the attestations in a folder: of two that read, add and write, one's would be lost.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    lock = FileLock(folder / ".attesting.lock")
    with explain_os_errors(folder):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write(file: Path, text: str) -> None:
    """Write a package's attestations, under both names.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    with explain_os_errors(file.parent):
        write_text_atomic(Path(f"{file}{addressed(text)}"), text)
        write_text_atomic(beside(file), text)
