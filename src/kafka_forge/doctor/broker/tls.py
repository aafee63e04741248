"""The TLS of a listener: whether it speaks it, which certificate it shows, and why a client would not believe it."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

from kafka_forge.doctor.seen import Certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 5.0


def trusting() -> ssl.SSLContext:
    """Return a context that believes every certificate: for looking at it, and for nothing that is secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def show_certificate(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    """Have a context show the client's certificate, where the settings name one in PEM.

    Raises:
        OSError: it cannot be read, or is no certificate with its key.
    """
    chain = settings.get("ssl.certificate.location")
    if chain:
        context.load_cert_chain(chain, settings.get("ssl.key.location"), settings.get("ssl.key.password") or "")


def speaks(address: str) -> bool:
    """Return whether there is a TLS handshake to be had at ``HOST:PORT``."""
    return _shaken(address, trusting())[1] is None


def looked_at(address: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the certificate, the version of TLS, and why it is not believed, as `seen.BrokerSeen` has them."""
    found, _ = _shaken(address, trusting())
    context = ssl.create_default_context()
    bundle = settings.get("ssl.ca.location")
    if bundle and bundle != "probe":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(bundle)
        except OSError as unread:
            return {**found, "distrust": f"{bundle}: {unread}"}
    if settings.get("ssl.endpoint.identification.algorithm", "").lower() == "none":
        context.check_hostname = False
    if settings.get("enable.ssl.certificate.verification", "").lower() == "false":
        return found
    _, error = _shaken(address, context)
    if isinstance(error, ssl.SSLCertVerificationError):
        return {**found, "distrust": error.verify_message, "distrust_code": error.verify_code}
    return {**found, "distrust": str(error) if error else None}


def _shaken(address: str, context: ssl.SSLContext) -> tuple[dict[str, Any], OSError | None]:
    host, _, port = address.rpartition(":")
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host.strip("[]")) as connection,
        ):
            shown = connection.getpeercert(binary_form=True)
            return {"tls": connection.version(), "certificate": read(shown) if shown else None}, None
    except OSError as error:
        return {}, error


def read(der: bytes) -> Certificate:
    """Return what a certificate (DER) says."""
    from cryptography import x509

    found = x509.load_der_x509_certificate(der)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = tuple(str(name.value) for name in names)
    except x509.ExtensionNotFound:
        listed = ()
    return Certificate(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        names=listed,
        not_before=found.not_valid_before_utc.isoformat(),
        not_after=found.not_valid_after_utc.isoformat(),
    )
