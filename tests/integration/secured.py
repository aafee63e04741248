"""A broker with TLS and SASL, for tests of clients that are to speak to it: the toolkit's, a listener for each way."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kafka_forge import brokers
from kafka_forge.brokers import admin, security
from kafka_forge.brokers.security.certificates import Authority
from kafka_forge.brokers.security.plan import SCRAM
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ELSEWHERE = ("elsewhere",)
LISTENERS = (
    security.Listener("TLS", tls=True, hosts=_ELSEWHERE),
    security.Listener("TLS12", tls=True, hosts=_ELSEWHERE, settings={"ssl.enabled.protocols": "TLSv1.2"}),
    security.Listener("PLAIN", tls=True, mechanisms=("PLAIN",), hosts=_ELSEWHERE),
    security.Listener("SCRAM", mechanisms=SCRAM),
    security.Listener("SCRAMTLS", tls=True, mechanisms=SCRAM, hosts=_ELSEWHERE),
)
PROTOCOLS = {listener.name: listener.protocol for listener in LISTENERS}


def another_authority() -> bytes:
    """Return the certificate, in PEM, of an authority that vouches for no broker."""
    return Authority().certificate


class Secured:
    """A broker with a listener for each way to be secure; its certificate is for a host called elsewhere.

    Attributes:
        ca: the certificate of the authority that its own is signed by.
        addresses: ``HOST:PORT`` by listener.
    """

    def __init__(self, secured: security.Secured, ca: Path) -> None:
        self.ca = ca
        self.ca.write_bytes(secured.ca.read_bytes())
        self._secured = secured
        self.addresses = {name: secured.addresses(name) for name in PROTOCOLS}

    def certificate_of_a_client(self) -> tuple[bytes, bytes]:
        """A certificate that the broker trusts, and its key, both in PEM."""
        pair = self._secured.authority.issue("me")
        return pair.certificate, pair.key


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Secured]:
    """Start the secured broker, with a user called `me` (password: ``it, is=me``) and a topic called `t`."""
    plan = security.Plan(LISTENERS, {"me": "it, is=me"})
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as broker:
        admin.create_topics(broker.address, {"t": 1}, watch=broker.check)
        assert broker.secured is not None
        yield Secured(broker.secured, folder / "ca.pem")
