"""TLS and SASL from every platform that can be run here: its OpenSSL, and librdkafka's SASL on that.

Tried are the artifacts that `verify --platform …` has left in the output channel. None are built for this: a base for
each platform would take longer than all other tests.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms

from .secured import PROTOCOLS, Secured, another_authority, started
from .security_clients import Client, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the emulators are locked for linux-64 only"),
]
PASSWORD = "it, is=me"


@pytest.fixture(scope="module", params=["linux-64", "win-64", "linux-aarch64", "linux-ppc64le"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def confluent(platform: str) -> Iterator[Client]:
    with installed("python-confluent-kafka", platform) as client:
        yield client


@pytest.fixture(scope="module")
def pykafka_there(platform: str) -> Iterator[Client]:
    with installed("pykafka", platform) as client:
        yield client


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with started(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


def settings(secured: Secured, client: Client, listener: str, mechanism: str | None, **more: str) -> dict[str, str]:
    """Return librdkafka's settings; the certificate is for another name, and its signature is what is verified."""
    told = {"bootstrap.servers": secured.addresses[listener], "security.protocol": PROTOCOLS[listener]}
    if PROTOCOLS[listener].endswith("SSL"):
        told |= {"ssl.ca.location": client.path(secured.ca), "ssl.endpoint.identification.algorithm": "none"}
    if mechanism:
        told |= {"sasl.mechanism": mechanism, "sasl.username": "me", "sasl.password": PASSWORD}
    return told | {name.replace("_", "."): value for name, value in more.items()}


WAYS = [
    ("TLS", None),
    ("TLS12", None),
    ("PLAIN", "PLAIN"),
    ("SCRAMTLS", "SCRAM-SHA-256"),
    ("SCRAMTLS", "SCRAM-SHA-512"),
]


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
def test_confluent_kafka_is_let_in(confluent: Client, secured: Secured, listener: str, mechanism: str | None) -> None:
    value = str(uuid.uuid4())
    told = settings(secured, confluent, listener, mechanism)
    assert confluent.run("inside_confluent", value, json.dumps(told)) == value


@pytest.mark.parametrize("listener", ["TLS", "SCRAMTLS"])
def test_a_certificate_of_somebody_else_is_refused(
    confluent: Client, secured: Secured, listener: str, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(another_authority())
    told = settings(secured, confluent, listener, "SCRAM-SHA-512" if listener == "SCRAMTLS" else None)
    told["ssl.ca.location"] = confluent.path(tmp_path / "other.pem")
    assert "certificate verify failed" in confluent.run("inside_confluent", "", json.dumps(told))


def test_a_certificate_for_another_name_is_refused_by_default(confluent: Client, secured: Secured) -> None:
    told = settings(secured, confluent, "TLS", None)
    del told["ssl.endpoint.identification.algorithm"]
    assert "certificate verify failed" in confluent.run("inside_confluent", "", json.dumps(told))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_refused(confluent: Client, secured: Secured, mechanism: str) -> None:
    listener = "PLAIN" if mechanism == "PLAIN" else "SCRAMTLS"
    told = settings(secured, confluent, listener, mechanism, sasl_password="another")
    assert "uthentication failed" in confluent.run("inside_confluent", "", json.dumps(told))


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
def test_pykafkas_c_mode_is_let_in(
    pykafka_there: Client, secured: Secured, listener: str, mechanism: str | None
) -> None:
    value = str(uuid.uuid4())
    asked = {"value": value, "ca": pykafka_there.path(secured.ca), "sasl": mechanism and [mechanism, "me", PASSWORD]}
    answer = pykafka_there.run("inside_pykafka", "round_trip", secured.addresses[listener], json.dumps(asked))
    assert answer == value
