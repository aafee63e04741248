"""The key that attestations are signed by: ECDSA on P-256 or Ed25519, in PEM, as cosign and OpenSSL read them.

A password comes from an environment variable, never from the arguments, which other users of a machine can see.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

from kafka_forge.errors import KeyInvalid
from kafka_forge.ground.files import explain_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    Private = EllipticCurvePrivateKey | Ed25519PrivateKey
    Public = EllipticCurvePublicKey | Ed25519PublicKey

PASSWORD = "KAFKA_FORGE_KEY_PASSWORD"
"""The environment variable with the password of a private key."""
PUBLIC = ".pub"
_COSIGN = b"ENCRYPTED SIGSTORE PRIVATE KEY"
_KINDS = "an ECDSA key on P-256 or an Ed25519 key in PEM; `kafka-forge attest key FILE` makes one"


def make(path: Path) -> Path:
    """Write a new private key, and its public one beside it, which is returned; nothing is ever replaced.

    It is encrypted with the password in `PASSWORD`, where there is one.

    Raises:
        KeyInvalid: one of the files is there.
        DiskFull, NotWritable: the file system refuses.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    password = os.environ.get(PASSWORD, "").encode()
    key = ec.generate_private_key(ec.SECP256R1())
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    shown = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public_path = path.with_name(path.name + PUBLIC)
    for target in (path, public_path):
        if target.exists():
            raise _there(target)
    with explain_os_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(public_path, shown, 0o644)
        try:
            _write(path, secret, 0o600)
        except BaseException:
            public_path.unlink()
            raise
    return public_path


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        stream = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:  # by another process, just now; or a link to nowhere
        raise _there(path) from error
    with os.fdopen(stream, "wb") as file:
        file.write(content)


def _there(path: Path) -> KeyInvalid:
    return KeyInvalid(f"{path} is there already; a key is never replaced", where=str(path), todo="name another file.")


def private(path: Path) -> Private:
    """Read a private key.

    Raises:
        KeyInvalid: it cannot be read, is of another kind, or its password is missing or a wrong one.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _content(path)
    if _COSIGN in content:
        raise KeyInvalid(
            "this private key is locked in cosign's own way, which only cosign opens",
            where=str(path),
            todo="make a key for both: `kafka-forge attest key FILE`, then `cosign import-key-pair --key FILE`.",
        )
    locked, password = b"ENCRYPTED" in content, os.environ.get(PASSWORD, "").encode()
    if locked and not password:
        raise KeyInvalid(
            "this private key is locked, and there is no password", where=str(path), todo=f"set {PASSWORD}."
        )
    try:
        key = load_pem_private_key(content, password if locked else None)
    except (ValueError, TypeError) as error:
        what = "the password does not open this private key" if locked else "this is no private key"
        todo = f"set {PASSWORD} to its password." if locked else f"name {_KINDS}."
        raise KeyInvalid(what, where=str(path), todo=todo) from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise KeyInvalid("this private key is of a kind that is not used here", where=str(path), todo=f"name {_KINDS}.")


def public(path: Path) -> Public:
    """Read a public key.

    Raises:
        KeyInvalid: it cannot be read, or is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _content(path)
    if b"PRIVATE KEY" in content:
        raise KeyInvalid(
            "this is the private key, which nobody but the signer needs",
            where=str(path),
            todo=f"name the public one, which `attest key` wrote beside it as {path.name}{PUBLIC}.",
        )
    try:
        key = load_pem_public_key(content)
    except ValueError as error:
        raise KeyInvalid("this is no public key", where=str(path), todo=f"name the public half of {_KINDS}.") from error
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise KeyInvalid(
        "this public key is of a kind that is not used here", where=str(path), todo=f"name the public half of {_KINDS}."
    )


def hint(key: Public) -> str:
    """Return the name that a bundle has for a key, as cosign gives it: its sum, in base64."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    shown = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(shown).digest()).decode()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyInvalid(
            f"this key cannot be read: {error.strerror}", where=str(path), todo="name the file of the key."
        ) from error
