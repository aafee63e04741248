"""Whether a package's attestation holds: by a key, or by who signed it without one.

What is signed without a key is judged by py-rattler (certificate, Sigstore's logs, who signed, CEP 27); it knows no
bundle that is signed by a key, whose envelope is securesystemslib's matter. What is said is then held against the file.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.attesting import keys, package, sidecar, statement
from kafka_forge.errors import AttestationRefused, KeyInvalid, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rattler.sigstore import TrustedRoot, VerificationOutcome

    from kafka_forge.attesting.keys import Public
    from kafka_forge.attesting.package import Package
    from kafka_forge.attesting.sidecar import Bundle
    from kafka_forge.attesting.statement import Statement

EMBEDDED = "embedded"
"""In the place of a file: what py-rattler brought of Sigstore's own keys when it was released."""
_DISTRUST = "do not use this file: fetch it anew from its channel, or ask who published it."
_SAME = "its files are those that it lists: what changed is its metadata, or how it was packed (order, times, members)"


@dataclass(frozen=True, slots=True)
class Signer:
    """Whom an attestation without a key must be of.

    Attributes:
        identity: as the certificate has it: a workflow's URL with its ref, or an e-mail address.
        issuer: the URL of who vouches for that.
        root: a ``trusted_root.json`` of Sigstore's, `EMBEDDED`, or None to have Sigstore's newest one.
    """

    identity: str
    issuer: str
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """An attestation that holds.

    Attributes:
        statement: what it says.
        signer: the identity that signed it, or the key's hint.
        issuer: who vouches for the identity; None with a key.
        signed_at: when, as Sigstore's certificate says; None with a key, which tells no time.
        looked_at: what was looked at, in a few words each.
    """

    statement: Statement
    signer: str
    issuer: str | None
    signed_at: str | None
    looked_at: tuple[str, ...]


def verify(file: Path, by: Public | Signer, *, channel: str | None = None, bundles: Path | None = None) -> Verified:
    """Return the attestation of a package that holds.

    Args:
        file: the ``.conda``.
        by: whose it must be.
        channel: the URL of the channel that it must be for; None where that is not asked.
        bundles: the file with the attestations, where it is not the one beside the package.

    Raises:
        UnknownPackage, AttestationMissing: there is no such file, or no attestation beside it.
        AttestationRefused: none holds; with the reason for each.
        KeyInvalid: the file of Sigstore's keys cannot be read.
        SourceUnreachable: Sigstore's newest keys cannot be had.
    """
    found = package.found(file)
    path = bundles or sidecar.beside(file)
    text, each = sidecar.read(path)
    if isinstance(by, Signer):
        done = _by_identity(found, text, each, by, channel, path)
    else:
        done = _by_key(found, each, by, channel)
    faults = package.faults(file)
    if faults:
        raise _refused(found, f"the attestation of {file.name} holds, but the package does not fit itself", [], faults)
    return done


def _by_key(found: Package, bundles: tuple[Bundle, ...], key: Public, channel: str | None) -> Verified:
    reasons: list[str] = []
    for number, bundle in enumerate(bundles, 1):
        try:
            said = _said_by(bundle, key)
        except AttestationRefused as error:
            reasons.append(f"bundle {number}: {error.what}")
            continue
        wrong = statement.mismatches(said, found, channel)
        if not wrong:
            looked_at = ("signature by the key", "name", "sha256", *(("channel",) if channel else ()))
            return Verified(said, keys.hint(key), None, None, (*looked_at, "the package's own list of files"))
        reasons += [f"bundle {number}: {each}" for each in wrong]
    raise _refused(found, f"no attestation of {found.file.name} holds", reasons)


def _said_by(bundle: Bundle, key: Public) -> Statement:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature, SSlibKey

    payload, signature = bundle.signed()
    if bundle.hint is None:
        raise AttestationRefused("it is signed without a key", todo="verify it by --identity and --issuer.")
    judge = SSlibKey.from_crypto(key)
    try:
        judge.verify_signature(Signature(judge.keyid, signature.hex()), Envelope(payload, statement.PAYLOAD, {}).pae())
    except UnverifiedSignatureError as error:
        own = keys.hint(key)
        other = f"; it names another key ({bundle.hint}, this one is {own})" if bundle.hint != own else ""
        raise AttestationRefused(f"the signature is not by this key over these bytes{other}", todo=_DISTRUST) from error
    return statement.decode(payload)


def _by_identity(
    found: Package, text: str, bundles: tuple[Bundle, ...], signer: Signer, channel: str | None, path: Path
) -> Verified:
    from rattler.exceptions import AttestationError

    text = text if text.lstrip().startswith("[") else sidecar.joined(None, [text.strip()])
    try:
        outcome = _asked(found, text, signer, channel)
    except AttestationError as error:
        lines = [_counted(line.strip()) for line in str(error).splitlines() if line.strip()]
        if any("trusted root" in line.lower() for line in lines):
            raise _no_root(lines) from error
        keyed = [f"bundle {number}: it is signed by a key" for number, each in enumerate(bundles, 1) if each.hint]
        raise _refused(found, f"no attestation of {found.file.name} holds", [*(lines[1:] or lines), *keyed]) from error
    holds = outcome.attestation
    if holds is None:
        raise _refused(found, f"no attestation of {found.file.name} holds", outcome.warnings)
    said = statement.decode(bundles[holds.index].signed()[0])
    wrong = statement.mismatches(said, found, channel)
    if wrong:
        raise _refused(found, f"no attestation of {found.file.name} holds", [f"{path}: {each}" for each in wrong])
    checks = {
        "certificate": holds.checks.certificate_chain,
        "certificate transparency": holds.checks.signed_certificate_timestamp,
        "transparency log": holds.checks.transparency_log and holds.checks.inclusion_proof,
    }
    looked_at = [name for name, done in checks.items() if done] + ["identity", "issuer", "name", "sha256"]
    looked_at += [*(["channel"] if channel else []), "the package's own list of files"]
    return Verified(said, holds.identity or signer.identity, holds.issuer, holds.signed_at, tuple(looked_at))


def _counted(line: str) -> str:
    """Name a bundle as the rest of us do, by a number from 1 on, and leave out where py-rattler was shown it."""
    line = re.sub(r" at file://\S+", "", line)
    return re.sub(r"^(?:- )?(.*\b)bundle (\d+)", lambda found: f"{found[1]}bundle {int(found[2]) + 1}", line)


def _asked(found: Package, text: str, signer: Signer, channel: str | None) -> VerificationOutcome:
    """Let py-rattler judge, which reads the attestations beside a package's URL, by the name that has their sum."""
    from rattler import PackageRecord, RepoDataRecord
    from rattler.package import BuildString
    from rattler.sigstore import ChannelCheck, Issuer, Publisher, VerificationPolicy, verify_attestation

    content = text.encode()
    check = ChannelCheck.REQUIRE if channel else ChannelCheck.IGNORE
    policy = VerificationPolicy.require(Publisher(signer.identity, Issuer(signer.issuer)), channel_check=check)
    record = PackageRecord(
        name="package",  # of the record, only its sums and the file's name count
        version="0",
        build=BuildString("0"),
        build_number=0,
        subdir="noarch",
        arch=None,
        platform=None,
        sha256=bytes.fromhex(found.sha256),
        attestations_sha256=hashlib.sha256(content).digest(),
    )
    with tempfile.TemporaryDirectory(prefix="kafka-forge-attested-") as room:
        place = Path(room) / found.file.name
        Path(f"{place}{sidecar.addressed(text)}").write_bytes(content)
        whole = RepoDataRecord(record, found.file.name, place.as_uri(), channel or "https://localhost/none")
        return asyncio.run(verify_attestation(whole, policy, trusted_root=_root(signer.root)))


def _root(name: str | None) -> TrustedRoot | None:
    from rattler.sigstore import TrustedRoot

    if name is None:
        return None
    made: Callable[[], TrustedRoot] = TrustedRoot.embedded if name == EMBEDDED else lambda: TrustedRoot.from_path(name)
    try:
        return made()
    except ValueError as error:
        raise KeyInvalid(
            "these keys of Sigstore's cannot be read",
            where=name,
            details=[str(error)],
            todo=f"name a trusted_root.json, or `{EMBEDDED}`.",
        ) from error


def _no_root(lines: list[str]) -> SourceUnreachable:
    return SourceUnreachable(
        "Sigstore's newest keys cannot be had, so nothing was verified",
        details=lines,
        todo=f"run it where Sigstore's servers answer, or with --trusted-root {EMBEDDED}, as old as py-rattler.",
    )


def _refused(found: Package, what: str, reasons: list[str], faults: tuple[str, ...] = ()) -> AttestationRefused:
    other = any(re.search(r"sha256|\bhash\b|subject", reason) for reason in reasons)
    faults = faults or (package.faults(found.file) if other else ())
    known = [f"the package: {each}" for each in faults or ((_SAME,) if other else ())]
    return AttestationRefused(what, where=str(found.file), details=[*reasons, *known], todo=_DISTRUST)
