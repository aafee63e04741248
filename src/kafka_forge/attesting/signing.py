"""Signing by a key, here and offline: a DSSE envelope by securesystemslib, in a Sigstore bundle that names the key.

The bundle is as ``cosign attest-blob --key`` makes it without a transparency log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kafka_forge.attesting import keys, package, sidecar
from kafka_forge.attesting.statement import PAYLOAD, Statement, decode
from kafka_forge.errors import AttestationRefused, PackageInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.attesting.keys import Private

_MEDIA = f"{sidecar.MEDIA}.v0.3+json"


def statement_of(file: Path, channel: str) -> Statement:
    """Return what is to be signed of a package, once it is known to fit what it says of itself.

    Args:
        file: the ``.conda``.
        channel: as `statement.channel_of` returns it.

    Raises:
        UnknownPackage: there is no such file.
        PackageInvalid: it is not the package that it says it is.
    """
    found = package.found(file)
    faults = package.faults(file)
    if faults:
        raise PackageInvalid(
            f"{file.name} is not the package that it says it is, so it was not signed",
            where=str(file),
            details=faults,
            todo="build it anew.",
        )
    return Statement(file.name, found.sha256, channel)


def by_key(statement: Statement, key: Private) -> str:
    """Return the bundle of a statement, signed by a key: a line of JSON."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, Signature

    envelope = Envelope(statement.encode(), PAYLOAD, {})
    made = CryptoSigner(key).sign(envelope.pae())
    # the key's name within the envelope is a hint that no signature covers; cosign leaves it empty, too
    envelope.signatures[""] = Signature("", made.signature)
    material = {"publicKey": {"hint": keys.hint(key.public_key())}}
    bundle = {"mediaType": _MEDIA, "verificationMaterial": material, "dsseEnvelope": envelope.to_dict()}
    return json.dumps(bundle, separators=(",", ":"))


def signed_already(file: Path, statement: Statement, hint: str) -> bool:
    """Tell whether a package has an attestation that says this, and names that key.

    Raises:
        AttestationRefused: what is there cannot be read.
    """
    path = sidecar.beside(file)
    if not path.exists():
        return False
    return any(bundle.hint == hint and _says(bundle, statement) for bundle in sidecar.read(path)[1])


def _says(bundle: sidecar.Bundle, statement: Statement) -> bool:
    try:
        return decode(bundle.signed()[0]) == statement
    except AttestationRefused:
        return False
