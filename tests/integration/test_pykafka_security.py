"""TLS and SASL with a real broker: the same settings serve pykafka's own connections and librdkafka's."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from .secured import PROTOCOLS, Secured, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with started(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.mark.parametrize("listener", ["TLS", "TLS12"])
def test_tls_reaches_librdkafka(secured: Secured, pykafka_env: PykafkaEnv, listener: str) -> None:
    """The certificate is for another name, which SslConfig does not look at; librdkafka does unless it is told."""
    value = str(uuid.uuid4())
    answer = pykafka_env.run("round_trip", secured.addresses[listener], value=value, ca=str(secured.ca))
    assert answer == value


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [
        ("PLAIN", "PLAIN"),
        ("SCRAM", "SCRAM-SHA-256"),
        ("SCRAM", "SCRAM-SHA-512"),
        ("SCRAMTLS", "SCRAM-SHA-256"),
        ("SCRAMTLS", "SCRAM-SHA-512"),
    ],
)
def test_sasl_reaches_librdkafka(secured: Secured, pykafka_env: PykafkaEnv, listener: str, mechanism: str) -> None:
    value = str(uuid.uuid4())
    ca = str(secured.ca) if PROTOCOLS[listener].endswith("SSL") else None
    answer = pykafka_env.run(
        "round_trip", secured.addresses[listener], value=value, ca=ca, sasl=[mechanism, "me", "it, is=me"]
    )
    assert answer == value


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_named_as_such(secured: Secured, pykafka_env: PykafkaEnv, mechanism: str) -> None:
    listener, ca = ("PLAIN", str(secured.ca)) if mechanism == "PLAIN" else ("SCRAM", None)
    answer = pykafka_env.run(
        "round_trip", secured.addresses[listener], value="", ca=ca, sasl=[mechanism, "me", "somebody else"]
    )
    assert answer.startswith("SaslAuthenticationFailed: ")
