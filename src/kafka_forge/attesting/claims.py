"""What an attestation says, whoever signed it: for who builds the package again and compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.attesting import sidecar, statement
from kafka_forge.errors import AttestationRefused

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.attesting.statement import Statement


def claimed(path: Path) -> Statement:
    """Return what the attestations in a file say of one package; their signatures are not looked at.

    Args:
        path: a ``NAME.conda.sigs`` (CEP 50), or one Sigstore bundle alone.

    Raises:
        AttestationMissing: there is no such file.
        AttestationRefused: it has no statement of CEP 27 in it, or several that are about different files.
    """
    _, bundles = sidecar.read(path)
    said = [statement.decode(each.signed()[0]) for each in bundles]
    files = sorted({f"{each.name}, sha256 {each.sha256}" for each in said})
    if len(files) > 1:
        raise AttestationRefused(
            "the attestations are about different files",
            where=str(path),
            details=files,
            todo="take one of them into a file of its own.",
        )
    return said[0]
