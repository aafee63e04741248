"""Signing without a key, in CI: the job's own identity, a certificate for ten minutes, and an entry in a public log.

Sigstore's own client does all of it (https://docs.sigstore.dev/about/overview/): it asks the CI for the identity
(GitHub Actions with ``id-token: write``, GitLab and others), Fulcio for a certificate of it, and Rekor to log the
signature. Other instances of Sigstore than the public one are named by a file.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kafka_forge.errors import SigningUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sigstore.models import ClientTrustConfig

    from kafka_forge.attesting.statement import Statement

_KEY = "sign by a key instead: --key FILE"


@contextlib.contextmanager
def signing(instance: Path | None) -> Iterator[Callable[[Statement], str]]:
    """Give what signs statements, all under one certificate, and returns a bundle for each: a line of JSON.

    Args:
        instance: Sigstore's ``ClientTrustConfig`` as JSON (its keys, where its servers are); None for the public one.

    Raises:
        SigningUnavailable: Sigstore's client is not installed, the job has no identity, or a server does not answer.
    """
    try:
        from sigstore.dsse import Statement as Signable
        from sigstore.oidc import IdentityError, IdentityToken, detect_credential
        from sigstore.sign import SigningContext
    except ImportError as error:
        raise SigningUnavailable(
            f"signing without a key needs Sigstore's client: {error}",
            todo=f"run scripts/attest.py, or `pip install kafka-forge[sigstore]` (here: -e .[sigstore]); or {_KEY}.",
        ) from error
    with _explained():
        try:
            token, said = detect_credential(), []
        except IdentityError as error:
            token, said = None, [str(error)]
        if token is None:
            raise SigningUnavailable(
                "this is no CI job that can say who it is, so nothing can be signed without a key",
                details=said,
                todo=f"on GitHub, give the job `permissions: id-token: write`; elsewhere, {_KEY}.",
            )
        context = SigningContext.from_trust_config(_instance(instance))
        with context.signer(IdentityToken(token)) as signer:
            yield lambda statement: signer.sign_dsse(Signable(statement.encode())).to_json()


def _instance(path: Path | None) -> ClientTrustConfig:
    from sigstore.models import ClientTrustConfig

    return ClientTrustConfig.from_json(path.read_text(encoding="utf-8")) if path else ClientTrustConfig.production()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what Sigstore's client raises, which is of many libraries' classes, into one error."""
    from kafka_forge.errors import ForgeError

    try:
        yield
    except ForgeError:
        raise
    except Exception as error:  # requests', tuf's, pydantic's, and its own that it keeps to itself
        said = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise SigningUnavailable(
            "Sigstore did not sign, so there is no attestation",
            details=[f"{type(error).__name__}: {said[0]}", *said[1:8]],
            todo=f"look whether its servers answer (https://status.sigstore.dev) and run it again; or {_KEY}.",
        ) from error
