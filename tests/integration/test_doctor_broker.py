"""The doctor with a broker: real listeners, plain and secured, met by the right settings and by every wrong one."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kafka_forge import platforms
from kafka_forge.doctor import broker as asking
from kafka_forge.doctor import judging, looking, redacting, report, telling
from kafka_forge.doctor.findings import Finding, Level
from kafka_forge.schemas.making import DOCTOR_SCHEMA
from tests.doctor_environments import make

from .secured import PROTOCOLS, Secured, another_authority, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker
    from kafka_forge.doctor.seen import Seen

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the environments are made of the embedded base"),
]
USER = {"sasl.username": "me", "sasl.password": "it, is=me"}
ANY_NAME = {"ssl.endpoint.identification.algorithm": "none"}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with started(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


def seen_of(python: Path, address: str, settings: dict[str, str]) -> Seen:
    return asking.tried(python, looking.look(python, settings), address, settings)


def broken(seen: Seen, settings: dict[str, str]) -> list[Finding]:
    """What cannot work, once the whole report has been found sound: JSON by its schema, and redacted no name left."""
    made = report.made(seen, judging.judge(seen, settings, Path("/nonexistent")))
    address = seen.broker.address if seen.broker else "localhost:9092"
    left = redacting.redacted(made, settings, address)
    schema = json.loads(DOCTOR_SCHEMA.read_text(encoding="utf-8"))
    for each in (made, left):
        jsonschema.validate(each.model_dump(mode="json"), schema)
    text = left.model_dump_json() + "\n".join(telling.lines(left))
    private = [address, str(Path.home()), *(value for value in settings.values() if os.sep in value or " " in value)]
    assert [word for word in private if word in text] == []
    worst = [each for each in made.findings if each.level is Level.BROKEN]
    assert made.status == left.status
    assert (made.status == 2) is bool(worst)
    return worst


def topics(broker: Broker) -> set[str]:
    return set(AdminClient({"bootstrap.servers": broker.address}).list_topics(timeout=10).topics)


def test_every_client_passes_messages_and_no_topic_is_left(broker: Broker, tmp_path: Path) -> None:
    before = topics(broker)
    seen = seen_of(make("three", tmp_path / "env"), broker.address, {})
    assert [(each.client, each.sent, each.received) for each in seen.exchanges] == [
        ("confluent-kafka", 3, 3),
        ("kafka-python", 3, 3),
        ("aiokafka", 3, 3),
    ]
    assert broken(seen, {}) == []
    assert not any("doctor" in topic for topic in topics(broker) - before)


def test_a_client_that_is_too_old_for_the_broker_is_shown(broker: Broker, tmp_path: Path) -> None:
    seen = seen_of(make("pykafka-pure", tmp_path / "env"), broker.address, {})
    (finding,) = broken(seen, {})
    assert finding.id == "messages-do-not-come-through"
    assert any("pykafka 2.8.0 sends up to 2" in line for line in finding.evidence)


@pytest.mark.parametrize(
    ("listener", "more", "expected"),
    [
        ("SCRAMTLS", USER | ANY_NAME | {"sasl.mechanism": "SCRAM-SHA-256"}, []),
        ("PLAIN", USER | ANY_NAME | {"sasl.mechanism": "PLAIN"}, []),
        ("TLS", ANY_NAME, []),
        ("TLS", {}, ["certificate-not-believed"]),
        ("TLS", {"security.protocol": "PLAINTEXT"}, ["listener-with-tls"]),
        ("SCRAM", {"security.protocol": "SASL_SSL"} | USER, ["listener-without-tls", "mechanism-not-offered"]),
        ("SCRAM", {"security.protocol": "PLAINTEXT"}, ["listener-with-sasl"]),
        (
            "TLS",
            USER | ANY_NAME | {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"},
            ["listener-without-sasl"],
        ),
        ("PLAIN", USER | ANY_NAME | {"sasl.mechanism": "SCRAM-SHA-256"}, ["mechanism-not-offered"]),
        ("SCRAM", USER | {"sasl.mechanism": "SCRAM-SHA-256", "sasl.password": "another"}, ["not-let-in"]),
    ],
)
def test_settings_and_listener_are_held_against_one_another(
    secured: Secured, listener: str, more: dict[str, str], expected: list[str]
) -> None:
    settings = {"security.protocol": PROTOCOLS[listener], "ssl.ca.location": str(secured.ca), **more}
    seen = seen_of(Path(sys.executable), secured.addresses[listener], settings)
    ids = [finding.id for finding in broken(seen, settings)]
    assert [each for each in ids if each != "settings-refused"] == expected
    assert bool(seen.exchanges) is not bool(expected)


def test_an_authority_that_is_not_known_and_the_names_of_a_certificate_are_told(
    secured: Secured, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(another_authority())
    address = secured.addresses["TLS"]
    for bundle, what in ((other, "an authority that"), (secured.ca, "for other names")):
        settings = {"security.protocol": "SSL", "ssl.ca.location": str(bundle)}
        (finding,) = broken(seen_of(Path(sys.executable), address, settings), settings)
        assert what in finding.what
        assert any("elsewhere" in line for line in finding.evidence)


@pytest.mark.parametrize(("days", "what"), [((-9, -2), "has expired"), ((2, 9), "is not valid yet")])
def test_a_certificate_out_of_its_time_is_told_with_this_machines_clock(
    days: tuple[int, int], what: str, tmp_path: Path
) -> None:
    chain = tmp_path / "server.pem"
    chain.write_bytes(self_signed(*days))
    settings = {"security.protocol": "SSL", "ssl.ca.location": str(chain)}
    with served(chain) as address:
        seen = seen_of(Path(sys.executable), address, settings)
    finding = next(each for each in broken(seen, settings) if each.id == "certificate-not-believed")
    assert what in finding.what
    assert any("this machine's clock" in line for line in finding.evidence)


def test_nobody_there_and_somebody_else_there_are_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    seen = looking.look(Path(sys.executable), {})
    for there, expected in ((address, "broker-not-reached"), ("name.invalid:9092", "broker-without-an-address")):
        asked = asking.tried(Path(sys.executable), seen, there, {})
        assert [finding.id for finding in broken(asked, {})] == [expected]
    chain = tmp_path / "server.pem"
    chain.write_bytes(self_signed(-1, 1))
    with served(chain) as somebody:
        settings = {"security.protocol": "SSL", "ssl.ca.location": str(chain)}
        asked = asking.tried(Path(sys.executable), seen, somebody, settings)
    assert [finding.id for finding in broken(asked, settings)] == ["broker-does-not-answer"]


def self_signed(begins: int, ends: int) -> bytes:
    """A certificate for 127.0.0.1 that is valid between these days from now, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=begins))
        .not_valid_after(now + datetime.timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + plain


class served:  # noqa: N801  (it is used as a function)
    """A server on loopback that shakes hands by TLS with everybody and then hangs up."""

    def __init__(self, chain: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            try:
                self._context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    def __enter__(self) -> str:
        self._thread.start()
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
