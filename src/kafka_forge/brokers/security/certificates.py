"""Certificates for one run: an authority that nobody else knows, and what it vouches for.

They have the extensions that Python 3.13 and later ask for by default (RFC 5280: key identifiers, key usage).
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BITS = 2048
_BEFORE = datetime.timedelta(days=1)
"""Clocks of other machines may be behind."""
_VALID = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key (PKCS 8, not encrypted) and the certificate for it, both in PEM."""

    key: bytes
    certificate: bytes

    @property
    def both(self) -> bytes:
        """Key and certificate in one file, as Kafka wants them (KIP-651)."""
        return self.key + self.certificate


class Authority:
    """Signs certificates; its own key is nowhere but here.

    Attributes:
        certificate: its own, in PEM: what clients are to trust.
    """

    def __init__(self, name: str = "kafka-forge, for one run") -> None:
        self._key = _new_key()
        self._name = _named(name)
        usage = _usage(signs_certificates=True)
        builder = _builder(self._name, self._name, self._key.public_key())
        made = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, hosts: tuple[str, ...] = ()) -> Pair:
        """Return a new key and its certificate.

        Args:
            name: the common name; a client's is its user's.
            hosts: the names and IP addresses that a server is reached by; none for a client.
        """
        key = _new_key()
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(_named(name), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(issuer, critical=False)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_host, hosts))), critical=False)
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Pair(private, builder.sign(self._key, hashes.SHA256()).public_bytes(pem))


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_BITS)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - _BEFORE, now + _VALID
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
