"""``ca-certificates``: Mozilla's certificate authorities, as certifi's wheel carries them, where OpenSSL looks.

As on conda-forge there are two packages of one version, one for Unix and one for Windows. On Windows no library knows
its prefix, so there the certificates are named on activation. conda-forge's ``openssl`` does that; here it is this
package, for the Pythons of the jars bring an OpenSSL of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import LockInvalid
from kafka_forge.ground import archives

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.bases.python_locks import Wheel, Wheels
    from kafka_forge.bases.workshop import Workshop

_REVISION = 2
"""Goes up whenever `make` would give another package from the same wheel."""

SYSTEMS = {"unix": "ssl", "win": "Library/ssl"}
"""What the package is for, as the virtual package that it depends on is called → where the certificates are."""

_BUNDLE = "certifi/cacert.pem"
_ACTIVATION = {
    "activate.d/ca-certificates.bat": """\
@if not defined SSL_CERT_FILE (
    set "SSL_CERT_FILE=%CONDA_PREFIX%\\Library\\ssl\\cacert.pem"
    set "__CA_CERTIFICATES_SSL_CERT_FILE=1"
)
""",
    "deactivate.d/ca-certificates.bat": """\
@if "%__CA_CERTIFICATES_SSL_CERT_FILE%" == "1" (
    set "SSL_CERT_FILE="
    set "__CA_CERTIFICATES_SSL_CERT_FILE="
)
""",
    "activate.d/ca-certificates.ps1": """\
if (-not $Env:SSL_CERT_FILE) {
    $Env:SSL_CERT_FILE = "$Env:CONDA_PREFIX\\Library\\ssl\\cacert.pem"
    $Env:__CA_CERTIFICATES_SSL_CERT_FILE = "1"
}
""",
    "deactivate.d/ca-certificates.ps1": """\
if ($Env:__CA_CERTIFICATES_SSL_CERT_FILE -eq "1") {
    Remove-Item -Path Env:\\SSL_CERT_FILE, Env:\\__CA_CERTIFICATES_SSL_CERT_FILE
}
""",
    "activate.d/ca-certificates.sh": """\
if [ -z "${SSL_CERT_FILE:-}" ]; then
    export SSL_CERT_FILE="${CONDA_PREFIX}\\\\Library\\\\ssl\\\\cacert.pem" __CA_CERTIFICATES_SSL_CERT_FILE=1
fi
""",
    "deactivate.d/ca-certificates.sh": """\
if [ "${__CA_CERTIFICATES_SSL_CERT_FILE:-}" = 1 ]; then
    unset SSL_CERT_FILE __CA_CERTIFICATES_SSL_CERT_FILE
fi
""",
}
"""For each shell of Windows: what the user has set goes before."""


def bundle(lock: Wheels) -> Wheel:
    """Return certifi's wheel.

    Raises:
        LockInvalid: the lock has none.
    """
    for wheel in lock.pure:
        if wheel.project == "certifi":
            return wheel
    raise LockInvalid(
        "the lock of wheels has no certifi, which ca-certificates is made from",
        where="bootstrap/python/wheels.json",
        todo="put certifi among the roots in wanted.yaml and run python -m kafka_forge.bases.relock wheels.",
    )


def package(wheel: Wheel, system: str) -> Package:
    """Return what the package for a system of `SYSTEMS` says of itself; its version is the day of certifi's release."""
    return Package(
        "ca-certificates",
        wheel.version,
        f"h{content_key(_REVISION, wheel.sha256, system)}_0",
        "noarch",
        depends=(f"__{system}",),
        noarch="generic",
        license="MPL-2.0",
        summary="Certificates for use with other packages",
        home="https://github.com/certifi/python-certifi",
        extra={"made_from": wheel.file},
    )


def make(wheel: Wheel, system: str, shop: Workshop) -> Path:
    """Make the package for a system: ``cacert.pem``, and ``cert.pem``, OpenSSL's own name for it.

    Raises:
        LockInvalid: the wheel has no certificates.
        SourceUnreachable, ChecksumMismatch: from obtaining it.
    """
    file = shop.obtain(wheel.source())
    with shop.room(f"ca-certificates-{system}") as tree:
        folder = tree / SYSTEMS[system]
        folder.mkdir(parents=True)
        certificates = archives.read(file, _BUNDLE)
        if certificates is None:
            raise LockInvalid(
                f"certifi's wheel has no {_BUNDLE}",
                where="bootstrap/python/wheels.json",
                todo="look at the wheel, and lock another release of certifi.",
            )
        (folder / "cacert.pem").write_bytes(certificates)
        if system == "win":  # where links are for administrators
            (folder / "cert.pem").write_bytes(certificates)
            for name, text in _ACTIVATION.items():
                script = tree / "etc" / "conda" / name
                script.parent.mkdir(parents=True, exist_ok=True)
                script.write_bytes(text.replace("\n", "\n" if name.endswith(".sh") else "\r\n").encode())
        else:
            (folder / "cert.pem").symlink_to("cacert.pem")
        return pack(package(wheel, system), tree, shop.noarch)
