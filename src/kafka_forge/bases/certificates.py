"""``ca-certificates``: Mozilla's certificate authorities, as certifi's wheel carries them, where OpenSSL looks."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import LockInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.bases.python_locks import Wheel, Wheels
    from kafka_forge.bases.workshop import Workshop

_REVISION = 1
"""Goes up whenever `make` would give another package from the same wheel."""


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


def package(wheel: Wheel) -> Package:
    """Return what the package says of itself; its version is the day of certifi's release."""
    return Package(
        "ca-certificates",
        wheel.version,
        f"h{content_key(_REVISION, wheel.sha256)}_0",
        "noarch",
        noarch="generic",
        license="MPL-2.0",
        summary="Certificates for use with other packages",
        home="https://github.com/certifi/python-certifi",
        extra={"made_from": wheel.file},
    )


def make(wheel: Wheel, shop: Workshop) -> Path:
    """Make the package: ``ssl/cacert.pem``, and ``ssl/cert.pem``, OpenSSL's own name for it.

    Raises:
        SourceUnreachable, ChecksumMismatch: from obtaining the wheel.
    """
    file = shop.obtain(wheel.source())
    with shop.room("ca-certificates") as tree, zipfile.ZipFile(file) as archive:
        (tree / "ssl").mkdir()
        (tree / "ssl" / "cacert.pem").write_bytes(archive.read("certifi/cacert.pem"))
        (tree / "ssl" / "cert.pem").symlink_to("cacert.pem")
        return pack(package(wheel), tree, shop.noarch)
