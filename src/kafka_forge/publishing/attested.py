"""The attestations that go with what is published: those beside the files that are about these very files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kafka_forge.attesting import package, sidecar, statement, verifying
from kafka_forge.errors import AttestationMissing, AttestationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.attesting.keys import Public
    from kafka_forge.attesting.sidecar import Bundle
    from kafka_forge.attesting.verifying import Signer


def beside(files: Mapping[str, Path], by: Public | Signer | None, channel: str | None) -> dict[str, str]:
    """Return file → the text of its attestations, of all that have some.

    Args:
        files: what is to be published, and where it stands here.
        by: whose attestation each must have; None where none is demanded.
        channel: the URL that these must name; None where that is not asked.

    Raises:
        AttestationMissing: one is demanded and not there.
        AttestationRefused: one is demanded and does not hold, or none of those that are there is about the file.
        SourceUnreachable: see `verifying.verify`.
    """
    found = {}
    for file, path in files.items():
        if by is not None:
            _demand(file, path, by, channel)
        if sidecar.beside(path).exists():
            found[file] = _about(path)
    return found


def _demand(file: str, path: Path, by: Public | Signer, channel: str | None) -> None:
    try:
        verifying.verify(path, by, channel=channel)
    except AttestationMissing as error:
        raise AttestationMissing(
            f"{file} has no attestation, and one is demanded; nothing was published",
            where=error.where,
            todo="sign it: kafka-forge attest sign FILE --channel URL.",
        ) from error
    except AttestationRefused as error:
        raise AttestationRefused(
            f"no attestation of {file} holds, and one is demanded; nothing was published",
            where=error.where,
            details=error.details,
            todo="sign these very files, by the key or identity that is demanded, for this channel.",
        ) from error


def _about(file: Path) -> str:
    """Return the attestations of a file without those of an earlier one under its name."""
    text, bundles = sidecar.read(sidecar.beside(file))
    found = package.found(file)
    fitting = [each for each in bundles if _fits(each, found)]
    if not fitting:
        raise AttestationRefused(
            f"the attestation beside {file.name} is not about this file; nothing was published",
            where=str(sidecar.beside(file)),
            details=["it may be of an earlier build under this name"],
            todo="sign the file anew: kafka-forge attest sign FILE --channel URL; or remove what is there.",
        )
    whole = len(fitting) == len(bundles) and text.lstrip().startswith("[")
    return text if whole else sidecar.joined(None, [_line(each.value) for each in fitting])


def _fits(bundle: Bundle, found: package.Package) -> bool:
    try:
        return not statement.mismatches(statement.decode(bundle.signed()[0]), found, None)
    except AttestationRefused:
        return False


def merged(there: str | None, ours: str) -> str | None:
    """Return a channel's attestations with ours after them; None where it has them all.

    >>> merged('[{"a": 1}]', '[{"a": 1}, {"b": 2}]')
    '[{"a": 1},\\n{"b":2}\\n]\\n'
    >>> merged('[{"a": 1}]', '[{"a": 1}]') is None, merged(None, '[{"a": 1}]')
    (True, '[{"a": 1}]')
    """
    if there is None:
        return ours
    known = json.loads(there)
    more = [_line(each) for each in json.loads(ours) if each not in known]
    return sidecar.joined(there, more) if more else None


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
