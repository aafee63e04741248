"""A broker with TLS and SASL, for tests of clients that are to speak to it."""

from __future__ import annotations

import contextlib
import datetime
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka import admin as kafka_admin
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from kafka_forge import brokers
from kafka_forge.brokers import ports, settings
from kafka_forge.paths import Cache
from kafka_forge.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PROTOCOLS = {"TLS": "SSL", "TLS12": "SSL", "PLAIN": "SASL_SSL", "SCRAM": "SASL_PLAINTEXT", "SCRAMTLS": "SASL_SSL"}


def signed_by_itself(name: str) -> tuple[bytes, bytes]:
    """Return a private key and its certificate for a name, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    me = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(me, me, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, certificate.public_bytes(pem)


class Secured:
    """A broker with a listener for each way to be secure.

    Attributes:
        ca: the certificate that its own is signed by: it signed it itself.
        addresses: ``HOST:PORT`` by listener.
    """

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "cert.pem"
        self._both = folder / "both.pem"
        key, certificate = signed_by_itself("elsewhere")
        self.ca.write_bytes(certificate)
        self._both.write_bytes(key + certificate)
        free = ports.free(len(PROTOCOLS))
        self.addresses = {name: f"127.0.0.1:{port}" for name, port in zip(PROTOCOLS, free, strict=True)}

    def secure(self, told: dict[str, str]) -> dict[str, str]:
        """Add the listeners to what a broker is told."""
        more = {name: f"{name}://{address}" for name, address in self.addresses.items()}
        for key in ("listeners", "advertised.listeners"):
            told[key] = ",".join([told[key], *more.values()])
        known = [told["listener.security.protocol.map"], *(f"{name}:{kind}" for name, kind in PROTOCOLS.items())]
        told["listener.security.protocol.map"] = ",".join(known)
        for name, kind in PROTOCOLS.items():
            if kind.endswith("SSL"):
                told |= {f"listener.name.{name.lower()}.ssl.keystore.type": "PEM"}
                told |= {f"listener.name.{name.lower()}.ssl.keystore.location": str(self._both)}
        told["listener.name.tls12.ssl.enabled.protocols"] = "TLSv1.2"
        told["listener.name.plain.sasl.enabled.mechanisms"] = "PLAIN"
        told["listener.name.plain.plain.sasl.jaas.config"] = f'{PLAIN} required user_me="it, is=me";'
        for name in ("scram", "scramtls"):
            told[f"listener.name.{name}.sasl.enabled.mechanisms"] = "SCRAM-SHA-256,SCRAM-SHA-512"
            for bits in (256, 512):
                told[f"listener.name.{name}.scram-sha-{bits}.sasl.jaas.config"] = f"{SCRAM} required;"
        return told


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Secured]:
    """Start the secured broker, with a user called `me` (password: ``it, is=me``) and a topic called `t`."""
    made = Secured(folder)
    told = settings.properties
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "properties", lambda **given: made.secure(told(**given)))
        broker = brokers.start(brokers.DEFAULT, Cache.default(), Silent())
    with broker:
        admin = AdminClient({"bootstrap.servers": broker.address})
        names: Any = kafka_admin  # which does not say that it exports them
        while True:
            with contextlib.suppress(KafkaException):  # it answers before it is let into its cluster of one
                admin.create_topics([names.NewTopic("t", 1, 1)])["t"].result()
                break
            broker.check()
            time.sleep(0.2)
        for mechanism in (names.ScramMechanism.SCRAM_SHA_256, names.ScramMechanism.SCRAM_SHA_512):
            credentials = names.ScramCredentialInfo(mechanism, 4096)
            change = names.UserScramCredentialUpsertion("me", credentials, b"it, is=me")
            admin.alter_user_scram_credentials([change])["me"].result()
        yield made
