"""What pykafka's client takes for an address, and what it refuses, by name, before it connects to anybody."""

from __future__ import annotations

import gc
import importlib
import socket
from typing import TYPE_CHECKING, Any

import pytest

from .scripted_broker import API_VERSIONS, EVERY_VERSION, METADATA, ScriptedBroker, metadata, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.integration


def speaking(listener: socket.socket) -> ScriptedBroker:
    broker = ScriptedBroker({API_VERSIONS: versions(EVERY_VERSION)}, listener=listener)
    broker.answers[METADATA] = metadata(broker.port)
    return broker


@pytest.fixture
def scripted() -> Iterator[ScriptedBroker]:
    """A broker that speaks EVERY_VERSION, and has a topic ``t``."""
    broker = speaking(socket.create_server(("127.0.0.1", 0)))
    yield broker
    broker.close()


@pytest.mark.parametrize(
    "written",
    [
        lambda address: address,
        lambda address: address.encode(),
        lambda address: [address],
        lambda address: (address.encode(),),
        lambda address: {address},
        lambda address: iter([address]),
        lambda address: f" {address} , {address},",
        lambda address: [f"{address},{address}", address],
        lambda address: address + "/path",
        lambda address: address.replace("127.0.0.1", "localhost"),
    ],
)
def test_a_client_takes_hosts_however_they_are_written(
    pykafka: Any, scripted: ScriptedBroker, written: Callable[[str], Any]
) -> None:
    assert list(pykafka.KafkaClient(written(scripted.address)).brokers) == [1]


def test_a_client_takes_an_ipv6_address(pykafka: Any) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    broker = speaking(listener)
    client = pykafka.KafkaClient(f"[::1]:{broker.port}", source_address="[::1]:0")
    assert (API_VERSIONS, 0) in broker.asked
    assert list(client.brokers) == [1]
    broker.close()


@pytest.mark.parametrize(
    ("hosts", "addresses"),
    [
        ("kafka1", [("kafka1", 9092)]),
        ("kafka1,kafka2:1", [("kafka1", 9092), ("kafka2", 1)]),
        (["kafka1:65535", b"kafka2"], [("kafka1", 65535), ("kafka2", 9092)]),
        ("[::1]:9093,::1,[fe80::1%eth0]", [("::1", 9093), ("::1", 9092), ("fe80::1%eth0", 9092)]),
        ("::ffff:127.0.0.1", [("::ffff:127.0.0.1", 9092)]),
    ],
)
def test_hosts_are_read(pykafka: Any, hosts: Any, addresses: list[tuple[str, int]]) -> None:
    assert pykafka.KafkaClient
    assert importlib.import_module("pykafka.utils.addresses").parse_hosts(hosts) == addresses


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"hosts": None}, TypeError, "hosts has to be a str"),
        ({"hosts": 9092}, TypeError, "hosts has to be a str"),
        ({"hosts": ["a:1", None]}, TypeError, "hosts has to be a str"),
        ({"hosts": [("127.0.0.1", 9092)]}, TypeError, "hosts has to be a str"),
        ({"hosts": ""}, ValueError, "hosts names no broker"),
        ({"hosts": []}, ValueError, "hosts names no broker"),
        ({"hosts": " , "}, ValueError, "hosts names no broker"),
        ({"hosts": "kafka1:port"}, ValueError, "hosts: 'kafka1:port' is no"),
        ({"hosts": "kafka1:0"}, ValueError, "hosts: 'kafka1:0' is no"),
        ({"hosts": "kafka1:-1"}, ValueError, "hosts: 'kafka1:-1' is no"),
        ({"hosts": "kafka1:65536"}, ValueError, "hosts: 'kafka1:65536' is no"),
        ({"hosts": "kafka1 kafka2"}, ValueError, "hosts: 'kafka1 kafka2' is no"),
        ({"hosts": "SSL://kafka1:9092"}, ValueError, "hosts: 'SSL://kafka1:9092' is no"),
        ({"hosts": ":9092"}, ValueError, "hosts: ':9092' is no"),
        ({"hosts": "[::1:9092"}, ValueError, r"hosts: '\[::1:9092' is no"),
        ({"source_address": "127.0.0.1:x"}, ValueError, "source_address: "),
        ({"source_address": 7}, TypeError, "source_address has to be"),
        ({"broker_version": "new"}, ValueError, "broker_version='new'"),
        ({"broker_version": None}, ValueError, "broker_version=None"),
        ({"socket_timeout_ms": 0}, ValueError, "socket_timeout_ms"),
        ({"socket_timeout_ms": -1}, ValueError, "socket_timeout_ms"),
        ({"socket_timeout_ms": "1"}, TypeError, "socket_timeout_ms"),
        ({"socket_timeout_ms": None}, TypeError, "socket_timeout_ms"),
        ({"socket_timeout_ms": float("nan")}, ValueError, "socket_timeout_ms"),
        ({"socket_timeout_ms": float("inf")}, ValueError, "socket_timeout_ms"),
        ({"socket_timeout_ms": 2**31}, ValueError, "socket_timeout_ms"),
        ({"offsets_channel_socket_timeout_ms": 0}, ValueError, "offsets_channel_socket_timeout_ms"),
    ],
    ids=str,
)
def test_what_is_no_address_and_no_timeout_is_refused_by_name(
    pykafka: Any, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        pykafka.KafkaClient(**settings)


@pytest.mark.parametrize("source", ["", None, "127.0.0.1", "127.0.0.1:0", b"127.0.0.1"])
def test_a_client_takes_the_address_that_it_connects_from(pykafka: Any, scripted: ScriptedBroker, source: Any) -> None:
    assert list(pykafka.KafkaClient(scripted.address, source_address=source).brokers) == [1]


# ------------------------------------------------------------------------------------ names of topics


@pytest.mark.parametrize("name", [None, 7, ("t",), bytearray(b"t")])
def test_what_is_no_text_is_no_name_of_a_topic(pykafka: Any, scripted: ScriptedBroker, name: Any) -> None:
    """A topic of the name "None" was created."""
    client = pykafka.KafkaClient(scripted.address)
    before = len(scripted.asked)
    with pytest.raises(TypeError, match="name of a topic"):
        client.topics[name]
    assert len(scripted.asked) == before


@pytest.mark.parametrize("name", ["t\u00f6pic", "t\u00f6pic".encode(), b"\xff"])
def test_a_name_that_is_not_ascii_is_refused(pykafka: Any, scripted: ScriptedBroker, name: Any) -> None:
    client = pykafka.KafkaClient(scripted.address)
    with pytest.raises(importlib.import_module("pykafka.exceptions").UnicodeException, match="non-ascii"):
        client.topics[name]


def test_a_topic_is_found_by_either_kind_of_text(pykafka: Any, scripted: ScriptedBroker) -> None:
    client = pykafka.KafkaClient(scripted.address)
    topics = client.topics
    assert topics["t"] is topics[b"t"]
    assert "t" in topics
    assert b"t" in topics
    assert "u" not in topics


def test_topics_without_their_client_say_so(pykafka: Any, scripted: ScriptedBroker) -> None:
    topics = pykafka.KafkaClient(scripted.address).topics
    gc.collect()
    with pytest.raises(importlib.import_module("pykafka.exceptions").KafkaException, match="keep a reference"):
        topics[b"t"]
