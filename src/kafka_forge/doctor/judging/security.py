"""What TLS and SASL want of an environment: CA certificates, files that settings name, kinit, and SASL's plugins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka_forge.doctor.seen import Seen

_FILES = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.crl.location",
    "https.ca.location",
    "sasl.kerberos.keytab",
    "plugin.library.paths",
)
"""librdkafka's settings that name files (CONFIGURATION.md); ``probe`` is a word in some of them."""
_WORDS = ("", "probe")
_BY_OPENSSL = ("pykafka", "kafka-python", "aiokafka")


def found(seen: Seen, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Give what is found."""
    yield from _certificates(seen, settings)
    yield from _files(settings)
    yield from _kerberos(seen, settings)
    for name, imported in seen.clients.items():
        if imported.refused:
            yield Finding(
                id="settings-refused",
                level=Level.BROKEN,
                client=name,
                what="librdkafka makes no client of these settings",
                evidence=(imported.refused,),
                next="correct what is named; CONFIGURATION.md of librdkafka has every setting and its range",
            )


def _certificates(seen: Seen, settings: Mapping[str, str]) -> Iterator[Finding]:
    for key in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = seen.variables.get(key)
        if path and not Path(path).exists():
            yield Finding(
                id="certificates-variable-names-nothing",
                level=Level.WARNING,
                what=f"{key} names what does not exist, so certificates of brokers cannot be verified",
                evidence=(f"{key}={path}",),
                next=f"unset {key}, or set it to a bundle that exists",
            )
    by_openssl = [name for name in _BY_OPENSSL if name in seen.present]
    if by_openssl and not seen.certificates.found:
        yield Finding(
            id="no-certificates",
            level=Level.WARNING,
            client=", ".join(by_openssl),
            what="this Python's OpenSSL finds no CA certificates: brokers with TLS are refused by default",
            evidence=(f"{seen.certificates.openssl} looks at {seen.certificates.file} and {seen.certificates.folder}",),
            next='pip install certifi, then export SSL_CERT_FILE="$(python -m certifi)"',
        )
    native = [
        name for name, imported in seen.clients.items() if any(".libs" in each.path for each in imported.librdkafka)
    ]
    if native and not seen.certificates.probed and not settings.get("ssl.ca.location"):
        yield Finding(
            id="no-certificates-for-librdkafka",
            level=Level.WARNING,
            client=", ".join(native),
            what="the wheel's librdkafka finds no CA certificates in any of the places that it looks at",
            evidence=(
                "none of /etc/ssl/certs/ca-certificates.crt, /etc/pki/tls/certs/ca-bundle.crt and others exists",
            ),
            next="install the system's ca-certificates, or set ssl.ca.location to a bundle",
        )


def _files(settings: Mapping[str, str]) -> Iterator[Finding]:
    for key in _FILES:
        for path in settings.get(key, "").split(";" if key == "plugin.library.paths" else "\0"):
            alone = key == "plugin.library.paths" and os.sep not in path  # the loader looks for a bare name itself
            if path not in _WORDS and not alone and not os.access(path, os.R_OK):
                yield Finding(
                    id="file-of-a-setting-missing",
                    level=Level.BROKEN,
                    what=f"{key} names a file that does not exist or cannot be read",
                    evidence=(f"{key}={path}",),
                    next=f"correct {key}",
                )


def _kerberos(seen: Seen, settings: Mapping[str, str]) -> Iterator[Finding]:
    able = [name for name in seen.clients if "sasl_gssapi" in (seen.features(name) or ())]
    mechanism = settings.get("sasl.mechanism") or settings.get("sasl.mechanisms") or "GSSAPI"
    asked = settings.get("security.protocol", "").lower().startswith("sasl") and mechanism == "GSSAPI"
    if able and not seen.kerberos.kinit and settings.get("sasl.kerberos.kinit.cmd") is None:
        yield Finding(
            id="no-kinit",
            level=Level.WARNING if asked else Level.NOTE,
            client=", ".join(able),
            what="there is no kinit, which librdkafka runs for a Kerberos ticket from a keytab",
            evidence=("not on PATH: kinit",),
            next="if you use Kerberos: install krb5 (conda) or krb5-user (Debian), or keep a ticket cache yourself and "
            "set sasl.kerberos.kinit.cmd=true",
        )
    if able and asked and not seen.kerberos.plugins:
        yield Finding(
            id="no-sasl-plugins",
            level=Level.WARNING,
            client=", ".join(able),
            what="Cyrus SASL has no folder of plugins here, so it knows no GSSAPI",
            evidence=("none of SASL_PATH, PREFIX/lib/sasl2, /usr/lib/sasl2 is there",),
            next="install cyrus-sasl (conda) or libsasl2-modules-gssapi-mit (Debian)",
        )
