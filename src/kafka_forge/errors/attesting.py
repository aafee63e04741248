"""KF61x: attestations."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


class AttestationRefused(ForgeError):
    """An attestation does not hold: its signature, who signed it, or what it says; ``details`` has the reasons."""

    code = "KF611"
    exit_code = 62


class AttestationMissing(ForgeError):
    """A package has no attestation where one is asked for."""

    code = "KF612"
    exit_code = 62


class KeyInvalid(ForgeError):
    """A key cannot be read, is of another kind, or its password is a wrong one."""

    code = "KF613"
    exit_code = 10


class SigningUnavailable(ForgeError):
    """Nothing was signed: without a key it takes an identity of CI and Sigstore's servers, and one is not there."""

    code = "KF614"
    exit_code = 63


class NotMadeHere(ForgeError):
    """An attestation is about a file that no recipe of this checkout makes."""

    code = "KF615"
    exit_code = 10
