"""What pykafka's clients are made with besides numbers: TLS, SASL, topics, partitioners; and what they leave."""

from __future__ import annotations

import importlib
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration


def new_topic(address: str, partitions: int = 1) -> str:
    name = f"edges-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
    return name


# ------------------------------------------------------------------------------------------------- TLS and SASL


@pytest.mark.parametrize("name", ["cafile", "certfile", "keyfile"])
def test_files_of_tls_are_read_before_anything_is_connected_to(pykafka: Any, tmp_path: Path, name: str) -> None:
    """Nobody listens on port 1: a client that tried it first would raise NoBrokersAvailableError, seconds later."""
    config = pykafka.SslConfig(**{"cafile": None, name: str(tmp_path / "none.pem")})
    with pytest.raises(ValueError, match=r"ssl_config: .*none\.pem"):
        pykafka.KafkaClient("127.0.0.1:1", ssl_config=config)
    (tmp_path / "none.pem").write_text("no certificate", encoding="utf-8")
    if name == "cafile":
        with pytest.raises(ValueError, match="ssl_config: "):
            pykafka.KafkaClient("127.0.0.1:1", ssl_config=config)


def test_a_context_of_ones_own_is_taken_as_it_is(pykafka: Any) -> None:
    """As `SslConfig` documents it: the files are not looked at then."""
    config = pykafka.SslConfig(cafile="/none.pem")
    config._wrap_socket = lambda sock: sock
    with pytest.raises(importlib.import_module("pykafka.exceptions").NoBrokersAvailableError):
        pykafka.KafkaClient("127.0.0.1:1", ssl_config=config)


@pytest.mark.parametrize("argument", ["ssl_config", "sasl_authenticator"])
def test_what_neither_wraps_nor_authenticates_is_refused_by_name(pykafka: Any, argument: str) -> None:
    with pytest.raises(TypeError, match=f"{argument}='ca.pem' is not "):
        pykafka.KafkaClient("127.0.0.1:1", **{argument: "ca.pem"})


def test_credentials_may_be_bytes_and_nothing_else(pykafka: Any) -> None:
    assert pykafka.KafkaClient
    sasl = importlib.import_module("pykafka.sasl_authenticators")
    (token,) = sasl.PlainAuthenticator(b"me", "gr\u00fc\u00dfe".encode()).tokens()
    assert token == "\0me\0gr\u00fc\u00dfe".encode()
    options = sasl.ScramAuthenticator("SCRAM-SHA-256", b"me", b"secret").get_rd_kafka_opts()
    assert (options["sasl.username"], options["sasl.password"]) == ("me", "secret")
    for user, password, name in ((None, "x", "user"), ("x", None, "password"), (5, "x", "user"), ("x", [], "password")):
        with pytest.raises(TypeError, match=f"^{name}="):
            sasl.PlainAuthenticator(user, password)
    with pytest.raises(ValueError, match=r"^password has a NUL"):
        sasl.PlainAuthenticator("me", "a\0b")


# ------------------------------------------------------------------------------------------------------- topics


def test_topics_are_found_by_str_and_bytes_alike(pykafka: Any, broker: Broker) -> None:
    name = new_topic(broker.address)
    client = pykafka.KafkaClient(broker.address)
    topics = client.topics
    for key in (name, name.encode()):
        assert key in topics
        assert topics.get(key) is topics[key]
    assert topics[name] is topics[name.encode()]
    assert topics.get("none") is None
    assert "none" not in topics


@pytest.mark.parametrize("name", [None, 5, ["t"]])
def test_what_is_no_name_of_a_topic_creates_none(pykafka: Any, broker: Broker, name: Any) -> None:
    """`topics[None]` made the broker create a topic called None."""
    client = pykafka.KafkaClient(broker.address)
    with pytest.raises(TypeError, match=r"^topic="):
        client.topics[name]
    client.update_cluster()
    assert str(name) not in client.topics


# -------------------------------------------------------------------------------------------------- partitioners


def test_partitioners_refuse_what_they_cannot_use_by_name(pykafka: Any) -> None:
    assert pykafka.KafkaClient
    partitioners = importlib.import_module("pykafka.partitioners")
    with pytest.raises(TypeError, match=r"^hash_func=5 "):
        partitioners.HashingPartitioner(5)
    with pytest.raises(TypeError, match=r"^hash_func=5 "):
        partitioners.GroupHashingPartitioner(5)
    with pytest.raises(ValueError, match="hash_func must be"):
        partitioners.GroupHashingPartitioner(None)
    for size, error in ((0, ValueError), (-1, ValueError), ("2", TypeError), (None, TypeError), (1.5, ValueError)):
        with pytest.raises(error, match=r"^group_size="):
            partitioners.GroupHashingPartitioner(hash, size)
    assert partitioners.RandomPartitioner()([1]) == 1  # as its base class has it: the key may be left out


# -------------------------------------------------------------------------------------------------- what is left

DROP = """
import gc, sys, threading
from pykafka import KafkaClient
address, topic, use_rdkafka, drops = sys.argv[1], sys.argv[2], sys.argv[3] == "True", sys.argv[4]
client = KafkaClient(address)
found = client.topics[topic]
producer = found.get_producer(use_rdkafka=use_rdkafka, linger_ms=1)
consumer = found.get_simple_consumer("g", use_rdkafka=use_rdkafka, auto_commit_enable=True)
member = found.get_balanced_consumer("m", managed=True, use_rdkafka=use_rdkafka)
producer.produce(b"value")
if drops == "each":
    del producer, consumer, member
    gc.collect()
if drops == "failed":
    for make in (found.get_producer, found.get_simple_consumer):
        try:
            make(use_rdkafka=use_rdkafka, auto_start="", deserializer=5)
        except TypeError as error:
            del error
        gc.collect()
"""


@pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "c"])
@pytest.mark.parametrize("drops", ["all", "each", "failed"])
def test_dropped_clients_print_nothing(pykafka_env: PykafkaEnv, broker: Broker, use_rdkafka: bool, drops: str) -> None:
    """Whether the program ends with them, drops each before, or they could not be made."""
    topic = new_topic(broker.address)
    ended = subprocess.run(
        [str(pykafka_env.python), "-W", "default", "-c", DROP, broker.address, topic, str(use_rdkafka), drops],
        env=dict(pykafka_env.variables),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
