"""What ``attest verify --json`` prints: a row a file whose attestation holds (schemas/attest.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.attesting.verifying import Verified


class Holds(BaseModel):
    """A package whose attestation holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(description="Where it stands, as it was named.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of its bytes, signed.")
    channel: str | None = Field(description="The URL of the channel that it is published to, signed; null if none is.")
    signer: str = Field(description="The identity that signed it, or the base64 of the sha256 of the key.")
    issuer: str | None = Field(description="The URL of who vouches for the identity; null with a key.")
    signed_at: str | None = Field(description="When its certificate began (RFC 3339); null with a key, which has none.")
    looked_at: list[str] = Field(description="What was looked at, in a few words each.")


class Attested(BaseModel):
    """All files of one call: if one attestation did not hold, nothing is printed but the error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verified: list[Holds]


def told(done: list[tuple[Path, Verified]]) -> Attested:
    """Return the rows of what was verified, in the order of the files."""
    return Attested(verified=[_row(file, each) for file, each in done])


def _row(file: Path, done: Verified) -> Holds:
    return Holds(
        file=str(file),
        sha256=done.statement.sha256,
        channel=done.statement.channel,
        signer=done.signer,
        issuer=done.issuer,
        signed_at=done.signed_at,
        looked_at=list(done.looked_at),
    )
