"""`broker start --tls --sasl --acl`: what is printed for a client lets that client in, and nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaException, Producer

from kafka_forge import brokers
from kafka_forge.brokers import admin, runtime, security
from kafka_forge.brokers.security import pasting
from kafka_forge.environments import activation
from kafka_forge.errors import SecurityUnavailable
from kafka_forge.ground import processes
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Maven

from . import inside_pasted
from .artifacts import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker
    from kafka_forge.brokers.security.pasting import Access
    from kafka_forge.values.model import Environment

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
TOPIC = "t"


def started(plan: security.Plan | None) -> Broker:
    broker = brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan)
    admin.create_topics(broker.address, {TOPIC: 1}, watch=broker.check)
    return broker


@pytest.fixture(scope="module")
def strict() -> Iterator[Broker]:
    """Everything at once: TLS, each mechanism, and ACLs."""
    with started(security.chosen(tls=True, sasl=["plain", "scram", "oauthbearer"], acl=True)) as broker:
        yield broker


@pytest.fixture(scope="module")
def by_certificate() -> Iterator[Broker]:
    with started(security.chosen(tls=True, sasl=[], acl=True)) as broker:
        yield broker


def access(broker: Broker, user: str, mechanism: str | None = None) -> Access:
    assert broker.secured is not None
    return broker.secured.access(user, mechanism)


def write(how: Access, topic: str = TOPIC, **more: str | int) -> str | None:
    """Write a message as a user; return the error's name, or None."""
    complaints: list[str] = []
    reports: list[Any] = []
    settings = {**pasting.settings(how), "error_cb": lambda error: complaints.append(error.name()), "log_level": 0}
    producer = Producer({**settings, "message.timeout.ms": 120_000, **more})
    producer.produce(topic, b"x", on_delivery=lambda error, _message: reports.append(error))
    while not reports and "_AUTHENTICATION" not in complaints and "_SSL" not in complaints:
        producer.poll(0.1)
    if reports:
        return reports[0].name() if reports[0] else None
    return next(name for name in complaints if name in ("_AUTHENTICATION", "_SSL"))


def pasted(client: str, how: Access) -> str:
    """Paste what is printed for a client into this process, and return what `inside_pasted` reads back."""
    text, value = pasting.text(client, how), str(uuid.uuid4())
    assert text is not None
    names: dict[str, Any] = {}
    exec(text, names)
    read = getattr(inside_pasted, client)(names, TOPIC, value.encode())
    return "as written" if read == value.encode() else str(read)


# --- who is let in, and to what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_confluent_kafka_gets_in_by_what_is_printed(strict: Broker, mechanism: str) -> None:
    assert pasted("librdkafka", access(strict, "admin", mechanism)) == "as written"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_user_may_do_what_it_is_called(strict: Broker, mechanism: str) -> None:
    assert write(access(strict, "writer", mechanism)) is None
    assert write(access(strict, "writer", mechanism), **{"enable.idempotence": "true"}) is None
    assert write(access(strict, "reader", mechanism)) == "TOPIC_AUTHORIZATION_FAILED"
    assert write(access(strict, "nobody", mechanism)) == "TOPIC_AUTHORIZATION_FAILED"
    assert seen(access(strict, "nobody", mechanism)) == "TOPIC_AUTHORIZATION_FAILED"
    assert seen(access(strict, "reader", mechanism)) is None
    assert read_last(access(strict, "reader", mechanism)) == b"x"


def seen(how: Access) -> str | None:
    """Ask for the topic as a user; return the error's name, or None."""
    from confluent_kafka.admin import AdminClient

    found = AdminClient({**pasting.settings(how), "log_level": 0}).list_topics(TOPIC, timeout=60.0)
    error = found.topics[TOPIC].error
    return error.name() if error else None


def read_last(how: Access) -> bytes | None:
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({**pasting.settings(how), "group.id": "any", "log_level": 0})
    try:
        _low, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), 30.0)
        consumer.assign([TopicPartition(TOPIC, 0, high - 1)])
        found = consumer.poll(60.0)
        assert found is not None
        if found.error():
            raise KafkaException(found.error())
        return found.value()
    finally:
        consumer.close()


@pytest.mark.parametrize("mechanism", [each for each in MECHANISMS if each != "OAUTHBEARER"])
def test_a_wrong_password_is_refused(strict: Broker, mechanism: str) -> None:
    told = {"sasl.password": "a wrong one"}
    assert write(access(strict, "admin", mechanism), **told) == "_AUTHENTICATION"


def test_who_does_not_trust_the_runs_authority_sees_a_certificate_that_nobody_vouches_for(
    strict: Broker, tmp_path: Path
) -> None:
    from kafka_forge.brokers.security.certificates import Authority

    (tmp_path / "other.pem").write_bytes(Authority().certificate)
    assert write(access(strict, "admin", "PLAIN"), **{"ssl.ca.location": str(tmp_path / "other.pem")}) == "_SSL"


def test_with_tls_alone_users_are_who_their_certificates_say(by_certificate: Broker) -> None:
    assert pasted("librdkafka", access(by_certificate, "admin")) == "as written"
    assert write(access(by_certificate, "writer")) is None
    assert write(access(by_certificate, "reader")) == "TOPIC_AUTHORIZATION_FAILED"
    assert write(access(by_certificate, "nobody")) == "TOPIC_AUTHORIZATION_FAILED"


def test_without_acls_every_user_may_do_everything() -> None:
    with started(security.chosen(tls=False, sasl=["scram"], acl=False)) as broker:
        assert access(broker, "nobody").protocol == "SASL_PLAINTEXT"
        assert write(access(broker, "nobody")) is None
        assert write(access(broker, "nobody"), **{"sasl.password": "a wrong one"}) == "_AUTHENTICATION"


def test_the_files_are_for_this_user_alone_and_go_with_the_broker() -> None:
    with started(security.chosen(tls=True, sasl=[], acl=False)) as broker:
        how = access(broker, "admin")
        assert how.key is not None
        assert how.key.parent.stat().st_mode & 0o077 == 0
        assert write(how) is None
    assert not how.key.parent.exists()


# --- the other clients -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kafka_python() -> Iterator[Environment]:
    """The artifact of kafka-python, installed afresh."""
    with installed("kafka-python") as made:
        yield made


def inside(python: Path, variables: Any, client: str, how: Access) -> None:
    text, value = pasting.text(client, how), str(uuid.uuid4())
    assert text is not None
    script = Path(inside_pasted.__file__)
    asked: list[str | Path] = [python, script, client, text, TOPIC, value]
    done = subprocess.run(asked, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1]) == value


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_kafka_pythons_artifact_gets_in_by_what_is_printed(
    strict: Broker, kafka_python: Environment, mechanism: str
) -> None:
    assert kafka_python.python is not None
    variables = activation.variables(kafka_python)
    inside(kafka_python.python, variables, "kafka-python", access(strict, "admin", mechanism))


@pytest.mark.parametrize("mechanism", [each for each in MECHANISMS if each != "OAUTHBEARER"])
def test_pykafkas_artifact_gets_in_by_what_is_printed_in_both_modes(
    strict: Broker, pykafka_env: PykafkaEnv, mechanism: str
) -> None:
    inside(pykafka_env.python, pykafka_env.variables, "pykafka", access(strict, "admin", mechanism))


def test_pykafkas_and_kafka_pythons_artifacts_get_in_by_a_certificate(
    by_certificate: Broker, pykafka_env: PykafkaEnv, kafka_python: Environment
) -> None:
    assert kafka_python.python is not None
    how = access(by_certificate, "admin")
    inside(pykafka_env.python, pykafka_env.variables, "pykafka", how)
    inside(kafka_python.python, activation.variables(kafka_python), "kafka-python", how)


def test_nothing_is_printed_for_pykafka_where_it_has_no_such_mechanism(strict: Broker) -> None:
    assert pasting.text("pykafka", access(strict, "admin", "OAUTHBEARER")) is None


@pytest.fixture(scope="module")
def kafka_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kafka's own tools, which a broker does without: from 4.4 on, none is in the lock's jars."""
    place = Maven(group="org.apache.kafka", artifact="kafka-tools", version=brokers.DEFAULT)
    jar = tmp_path_factory.mktemp("kafka-tools") / place.file
    with Silent().task(place.where) as task:
        place.fetch(jar, task)
    return jar


@pytest.mark.parametrize("mechanism", [*MECHANISMS, None])
def test_kafkas_own_tools_get_in_by_what_is_printed(
    strict: Broker, by_certificate: Broker, kafka_tools: Path, mechanism: str | None, tmp_path: Path
) -> None:
    """The one that shows and changes settings needs no more jars than a broker and the one it is in."""
    how = access(strict, "admin", mechanism) if mechanism else access(by_certificate, "admin")
    text = pasting.text("java", how)
    assert text is not None
    (tmp_path / "client.properties").write_text(text, encoding="utf-8")
    ready = runtime.prepare(brokers.DEFAULT, Cache.default(), Silent())
    tool = ["org.apache.kafka.tools.ConfigCommand", "--bootstrap-server", how.addresses, "--describe", "--topic", TOPIC]
    asked: list[str | Path] = [
        str(ready.java),
        "-cp",
        f"{ready.class_path}{os.pathsep}{kafka_tools}",
        *tool,
        "--command-config",
        tmp_path / "client.properties",
    ]
    done = processes.run(asked, timeout=120)
    assert done.returncode == 0, done.output.decode()[-4000:]
    assert f"configs for topic {TOPIC} are" in done.output.decode()


# --- clusters and the command line -----------------------------------------------------------------------------------


def test_three_brokers_are_secured_alike_and_one_may_be_killed() -> None:
    plan = security.chosen(tls=True, sasl=["scram"], acl=True)
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as cluster:
        admin.create_topics(cluster.internal, {"copied": 3}, copies=3)
        assert cluster.secured is not None
        writer, nobody = cluster.secured.access("writer"), cluster.secured.access("nobody")
        assert len(set(writer.addresses.split(","))) == 3
        assert write(writer, "copied") is None
        assert write(nobody, "copied") == "TOPIC_AUTHORIZATION_FAILED"
        cluster.broker(1).kill()
        later: dict[str, str | int] = {"message.timeout.ms": 120_000, "acks": "all"}
        assert write(writer, "copied", **later) is None
        cluster.heal()
        assert write(writer, "copied", **later) is None


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-m", "kafka_forge.cli", "broker", *arguments]
    return subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_prints_settings_that_work_and_list_has_them_until_it_is_stopped() -> None:
    begun = command("start", "--tls", "--sasl", "plain,scram", "--acl", "--json")
    assert begun.returncode == 0, begun.stderr
    (row,) = json.loads(begun.stdout)
    try:
        listed = json.loads(command("list", "--json").stdout)
        assert row["security"] in [each["security"] for each in listed]
        writer = next(user for user in row["security"]["users"] if user["name"] == "writer")
        assert set(writer["settings"]) == {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
        names: dict[str, Any] = {}
        exec(writer["settings"]["SCRAM-SHA-256"]["librdkafka"], names)
        producer = Producer(names["settings"])
        producer.produce("made-by-the-writer", b"x")
        assert producer.flush(60.0) == 0
    finally:
        stopped = command("stop", row["address"])
    assert stopped.returncode == 0
    assert not Path(row["folder"]).exists()


def test_a_version_before_kraft_is_not_secured() -> None:
    with pytest.raises(SecurityUnavailable, match="ZooKeeper"):
        brokers.start("2.8.2", Cache.default(), Silent(), security=security.chosen(tls=True, sasl=[], acl=False))
