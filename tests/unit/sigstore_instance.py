"""A Sigstore of the tests' own: a certificate authority, a log of certificates and one of signatures; no servers.

What a bundle must have comes from the specifications: RFC 6962 for the certificate's timestamp and the log's tree,
https://github.com/sigstore/fulcio/blob/main/docs/certificate-specification.md for the certificate, and
https://github.com/sigstore/protobuf-specs for bundle and trusted root. Only the public instance's own keys and
servers are not in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
IDENTITY = "https://github.com/owner/project/.github/workflows/release.yml@refs/tags/v1"
ISSUER = "https://token.actions.githubusercontent.com"
PAYLOAD = "application/vnd.in-toto+json"
_ISSUER_V1, _ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_LIFE = timedelta(minutes=10)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def envelope_of(payload: bytes, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """DSSE, as https://github.com/secure-systems-lab/dsse has it."""
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    return {"payload": b64(payload), "payloadType": PAYLOAD, "signatures": [{"sig": b64(sign(key, signed))}]}


@dataclass
class Instance:
    """One Sigstore; another one has other keys."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    certificates: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self.root = self._root()

    def trusted_root(self) -> dict[str, Any]:
        since = {"validFor": {"start": "2025-01-01T00:00:00Z"}}
        chain = {"certificates": [{"rawBytes": b64(self.root.public_bytes(Encoding.DER))}]}
        subject = {"organization": "tests", "commonName": "tests"}
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._key("https://rekor.invalid", self.log)],
            "ctlogs": [self._key("https://ctfe.invalid", self.certificates)],
            "certificateAuthorities": [{"subject": subject, "uri": "https://ca.invalid", "certChain": chain, **since}],
            "timestampAuthorities": [],
        }

    def certificate(
        self, key: ec.EllipticCurvePublicKey, identity: str = IDENTITY, issuer: str = ISSUER, at: datetime = BEGIN
    ) -> x509.Certificate:
        """A certificate for ten minutes, in the log of certificates."""
        draft = self._certificate(key, identity, issuer, at, b"\x00" * 8)
        milliseconds = int(at.timestamp() * 1000)
        body = draft.tbs_precertificate_bytes
        issuer_hash = hashlib.sha256(der(self.authority.public_key())).digest()
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer_hash
        signed += len(body).to_bytes(3, "big") + body + struct.pack("!H", 0)
        signature = sign(self.certificates, signed)
        log_id = hashlib.sha256(der(self.certificates.public_key())).digest()
        entry = b"\x00" + log_id + struct.pack("!QHBBH", milliseconds, 0, 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(entry) + 2, len(entry)) + entry
        return self._certificate(key, identity, issuer, at, listed)

    def entry(self, envelope: dict[str, Any], certificate: x509.Certificate, at: datetime = BEGIN) -> dict[str, Any]:
        """An entry of the log of signatures, alone in its tree, as a bundle has it."""
        verifier = b64(certificate.public_bytes(Encoding.PEM))
        spec = {
            "envelopeHash": _sha256(json.dumps(envelope).encode()),
            "payloadHash": _sha256(base64.b64decode(envelope["payload"])),
            "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": verifier}],
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        root = hashlib.sha256(b"\x00" + body).digest()
        log_id = hashlib.sha256(der(self.log.public_key())).digest()
        seconds = int(at.timestamp())
        promise = {"body": b64(body), "integratedTime": seconds, "logID": log_id.hex(), "logIndex": 0}
        note = f"rekor.invalid - 1\n1\n{b64(root)}\n"
        mark = b64(log_id[:4] + sign(self.log, note.encode()))
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": b64(sign(self.log, _canonical(promise)))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— rekor.invalid {mark}\n"},
            },
            "canonicalizedBody": b64(body),
        }

    def bundle(
        self,
        payload: bytes,
        identity: str = IDENTITY,
        issuer: str = ISSUER,
        at: datetime = BEGIN + timedelta(minutes=1),
    ) -> dict[str, Any]:
        """A statement that was signed and logged at an hour, under a certificate of `BEGIN`."""
        key = new_key()
        certificate, envelope = self.certificate(key.public_key(), identity, issuer), envelope_of(payload, key)
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self.entry(envelope, certificate, at)],
            },
            "dsseEnvelope": envelope,
        }

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "tests")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.authority.public_key())
        made = made.serial_number(1).not_valid_before(BEGIN - timedelta(days=300))
        made = made.not_valid_after(BEGIN + timedelta(days=3000))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        made = made.add_extension(_usage(sign_certificates=True), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key())
        return made.add_extension(own, critical=False).sign(self.authority, hashes.SHA256())

    def _certificate(
        self, key: ec.EllipticCurvePublicKey, identity: str, issuer: str, at: datetime, timestamps: bytes
    ) -> x509.Certificate:
        who: x509.GeneralName = x509.UniformResourceIdentifier(identity)
        if ":" not in identity:
            who = x509.RFC822Name(identity)
        made = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.root.subject).public_key(key)
        made = made.serial_number(7).not_valid_before(at).not_valid_after(at + _LIFE)
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (_usage(sign_certificates=False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.SubjectAlternativeName([who]), True),
            (x509.UnrecognizedExtension(_ISSUER_V1, issuer.encode()), False),
            (x509.UnrecognizedExtension(_ISSUER_V2, _der(0x0C, issuer.encode())), False),
            (x509.UnrecognizedExtension(_TIMESTAMPS, _der(0x04, timestamps)), False),
        ]
        for extension, critical in extensions:
            made = made.add_extension(extension, critical)
        return made.sign(self.authority, hashes.SHA256())

    def _key(self, url: str, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        shown = der(key.public_key())
        return {
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(shown),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": "2025-01-01T00:00:00Z"},
            },
            "logId": {"keyId": b64(hashlib.sha256(shown).digest())},
        }


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + struct.pack("!H", size)
    return bytes([tag]) + length + content


def _sha256(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}


def _canonical(value: dict[str, Any]) -> bytes:
    """RFC 8785, for objects of plain texts and small numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
