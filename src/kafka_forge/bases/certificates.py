"""``ca-certificates``: Mozilla's certificate authorities, as certifi's wheel carries them, where OpenSSL looks."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import LockInvalid
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from kafka_forge.bases.python_locks import Wheel, Wheels
    from kafka_forge.files import Store
    from kafka_forge.progress import Progress

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


def make(wheel: Wheel, *, folder: Path, work: Path, store: Store, progress: Progress) -> Path:
    """Make the package: ``ssl/cacert.pem``, and ``ssl/cert.pem``, OpenSSL's own name for it.

    Raises:
        SourceUnreachable, ChecksumMismatch: from obtaining the wheel.
    """
    file = obtain(wheel.source(), store, progress)
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix="ca-certificates-") as room, zipfile.ZipFile(file) as archive:
        tree = Path(room)
        (tree / "ssl").mkdir()
        (tree / "ssl" / "cacert.pem").write_bytes(archive.read("certifi/cacert.pem"))
        (tree / "ssl" / "cert.pem").symlink_to("cacert.pem")
        return pack(package(wheel), tree, folder)
