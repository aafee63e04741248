"""`broker start --sasl gssapi`: messages of the artifacts pass by tickets of Kerberos, and nobody else's do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin, ports, records, runtime, security
from kafka_forge.brokers.kerberos import java, kdc, keytab
from kafka_forge.brokers.security import pasting
from kafka_forge.environments import activation
from kafka_forge.errors import BrokerNotReady
from kafka_forge.ground import processes
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Maven

from . import inside_kerberos
from .artifacts import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker, Cluster
    from kafka_forge.brokers.security.pasting import Access
    from kafka_forge.values.model import Environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no Java that speaks Kerberos is locked here"),
]

TOPIC = "t"
SECONDS = 300.0
SCENARIOS = project_root() / "src" / "kafka_forge" / "scenarios"


@pytest.fixture(scope="module")
def strict() -> Iterator[Broker]:
    """GSSAPI by TLS, and ACLs."""
    plan = security.chosen(tls=True, sasl=["gssapi"], acl=True)
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as broker:
        admin.create_topics(broker.address, {TOPIC: 1}, watch=broker.check)
        yield broker


@pytest.fixture(scope="module")
def confluent(pytestconfig: pytest.Config) -> Iterator[Environment]:
    with installed("python-confluent-kafka", pytestconfig.getoption("--python")) as made:
        yield made


@pytest.fixture(scope="module")
def librdkafka() -> Iterator[Environment]:
    with installed("librdkafka") as made:
        yield made


def access(broker: Broker | Cluster, user: str) -> Access:
    assert broker.secured is not None
    return broker.secured.access(user)


def without_kinit(how: Access) -> str:
    """What is printed for librdkafka, with the lines taken in that do without kinit."""
    text = pasting.text("librdkafka", how)
    assert text is not None
    hints = [line for line in text.splitlines() if line.startswith(("# os.environ", "# settings"))]
    assert len(hints) == 2
    return "\n".join(line.removeprefix("# ") if line in hints else line for line in text.splitlines()) + "\n"


def ended(asked: list[str | Path], variables: Any) -> str:
    done = subprocess.run(asked, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return str(json.loads(done.stdout.splitlines()[-1]))


def passed(made: Environment, text: str, topic: str = TOPIC) -> str:
    """Write and read as python-confluent-kafka with these settings; "as written", or what it says of it."""
    assert made.python is not None
    value = str(uuid.uuid4())
    script = Path(inside_kerberos.__file__)
    read = ended([made.python, script, text, topic, value], activation.variables(made))
    return "as written" if read == value else read


# --- who is let in, and to what --------------------------------------------------------------------------------------


def test_confluent_kafkas_artifact_writes_and_reads_with_a_keytab(strict: Broker, confluent: Environment) -> None:
    assert passed(confluent, without_kinit(access(strict, "admin"))) == "as written"


def test_what_is_printed_works_as_it_stands_by_the_kinit_of_the_artifacts_environment(
    strict: Broker, confluent: Environment, tmp_path: Path
) -> None:
    assert (confluent.prefix / "bin" / "kinit").is_file()
    text = pasting.text("librdkafka", access(strict, "admin"))
    assert text is not None
    assert passed(confluent, with_tickets_of_its_own(text, tmp_path)) == "as written"
    assert (tmp_path / "tickets").is_file()


def test_kinit_gives_no_ticket_to_a_wrong_principal(strict: Broker, confluent: Environment, tmp_path: Path) -> None:
    """The keytab is whole, the name is another one: no ticket, and so no way in."""
    text = pasting.text("librdkafka", access(strict, "admin"))
    assert text is not None
    wrong = text + 'settings["sasl.kerberos.principal"] = "nosuch@KAFKA.FORGE"\n'
    assert passed(confluent, with_tickets_of_its_own(wrong, tmp_path)).startswith("_AUTHENTICATION")
    assert not (tmp_path / "tickets").exists()


def test_librdkafkas_artifact_writes_and_reads_with_a_keytab(strict: Broker, librdkafka: Environment) -> None:
    value, library = str(uuid.uuid4()), librdkafka.prefix / "lib" / "librdkafka.so.1"
    variables = {**activation.variables(librdkafka), "PYTHONPATH": str(SCENARIOS)}
    text = without_kinit(access(strict, "admin"))
    script = Path(__file__).with_name("inside_kerberos_c.py")
    assert ended([sys.executable, script, library, text, TOPIC, value], variables) == value


def test_each_user_is_who_its_ticket_says(strict: Broker, confluent: Environment) -> None:
    """The writer may write and not read; the reader may not write."""
    said = passed(confluent, without_kinit(access(strict, "writer")))
    assert said.startswith("not read")
    assert "AUTHORIZATION_FAILED" in said
    assert passed(confluent, without_kinit(access(strict, "reader"))).startswith("TOPIC_AUTHORIZATION_FAILED")
    assert passed(confluent, without_kinit(access(strict, "nobody"))).startswith("TOPIC_AUTHORIZATION_FAILED")


def test_a_principal_that_the_realm_does_not_know_is_refused_by_name(
    strict: Broker, confluent: Environment, tmp_path: Path
) -> None:
    how = access(strict, "admin")
    assert how.ticket is not None
    stranger = tmp_path / "stranger.keytab"
    stranger.write_bytes(how.ticket.keytab.read_bytes().replace(b"\x00\x05admin", b"\x00\x05gamin"))
    assert keytab.split(stranger.read_bytes()).keys() == {"gamin@KAFKA.FORGE"}
    text = without_kinit(replace(how, ticket=replace(how.ticket, principal="gamin@KAFKA.FORGE", keytab=stranger)))
    said = passed(confluent, with_tickets_of_its_own(text, tmp_path))
    assert said.startswith("_AUTHENTICATION")
    assert "gamin@KAFKA.FORGE" in said


def with_tickets_of_its_own(text: str, folder: Path) -> str:
    """Settings with a cache that no other test has left a ticket in."""
    return f"import os\nos.environ['KRB5CCNAME'] = 'FILE:{folder}/tickets'\n{text}"


def test_another_users_key_does_not_make_a_writer(strict: Broker, confluent: Environment, tmp_path: Path) -> None:
    how, reader = access(strict, "writer"), access(strict, "reader")
    assert how.ticket is not None
    assert reader.ticket is not None
    pretended = tmp_path / "writer.keytab"
    pretended.write_bytes(reader.ticket.keytab.read_bytes().replace(b"\x00\x06reader", b"\x00\x06writer"))
    assert keytab.split(pretended.read_bytes()).keys() == {"writer@KAFKA.FORGE"}
    text = without_kinit(replace(how, ticket=replace(how.ticket, keytab=pretended)))
    assert passed(confluent, with_tickets_of_its_own(text, tmp_path)).startswith("_AUTHENTICATION")


def test_who_has_no_ticket_is_told_so(strict: Broker, confluent: Environment, tmp_path: Path) -> None:
    """Neither kinit nor a keytab: what a user sees who has pasted only half of it."""
    text = pasting.text("librdkafka", access(strict, "admin"))
    assert text is not None
    half = text + 'settings["sasl.kerberos.kinit.cmd"] = "true"\n'
    said = passed(confluent, with_tickets_of_its_own(half, tmp_path))
    assert said.startswith("_AUTHENTICATION")
    assert "No Kerberos credentials available" in said


def test_kafkas_own_tools_get_in_by_what_is_printed(strict: Broker, tmp_path: Path) -> None:
    """The one that shows and changes settings needs no more jars than a broker and the one it is in."""
    how = access(strict, "admin")
    text = pasting.text("java", how)
    assert text is not None
    (tmp_path / "client.properties").write_text(text, encoding="utf-8")
    place = Maven(group="org.apache.kafka", artifact="kafka-tools", version=brokers.DEFAULT)
    with Silent().task(place.where) as task:
        place.fetch(tmp_path / place.file, task)
    ready = runtime.prepare(brokers.DEFAULT, Cache.default(), Silent(), kerberos=True)
    flag = next(line for line in text.splitlines() if line.startswith("# java")).removeprefix("# java ")
    asked: list[str | Path] = [ready.java, flag, "-cp", f"{ready.class_path}{os.pathsep}{tmp_path / place.file}"]
    asked += ["org.apache.kafka.tools.ConfigCommand", "--bootstrap-server", how.addresses]
    asked += ["--describe", "--topic", TOPIC, "--command-config", tmp_path / "client.properties"]
    done = processes.run(asked, timeout=SECONDS)
    assert done.returncode == 0, done.output.decode()[-4000:]
    assert f"configs for topic {TOPIC} are" in done.output.decode()


# --- clusters, the command line, and what is left --------------------------------------------------------------------


def test_three_brokers_are_one_service_and_one_may_be_killed(confluent: Environment) -> None:
    """The first one has the KDC, which goes on without it."""
    plan = security.chosen(tls=False, sasl=["gssapi"], acl=True)
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as cluster:
        admin.create_topics(cluster.internal, {"copied": 3}, copies=3)
        text = without_kinit(access(cluster, "admin"))
        assert passed(confluent, text, "copied") == "as written"
        cluster.broker(1).kill()
        assert passed(confluent, text, "copied") == "as written"
        cluster.heal()
        assert passed(confluent, text, "copied") == "as written"
        keeper = cluster.broker(1).record.keeper
        assert keeper is not None
        assert keeper.alive
    assert not keeper.alive


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-m", "kafka_forge.cli", "broker", *arguments]
    return subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_the_command_says_which_java_it_took_and_stop_leaves_nothing(confluent: Environment) -> None:
    begun = command("start", "--sasl", "gssapi,plain", "--json")
    assert begun.returncode == 0, begun.stderr
    (row,) = json.loads(begun.stdout)
    try:
        told = row["security"]["kerberos"]
        assert "openjdk-17-jre-headless" in told["java"] or "KAFKA_FORGE_JAVA" in told["java"]
        (record,) = [each for each in brokers.running(Cache.default()) if each.address == row["address"]]
        assert record.keeper is not None
        connections = psutil.Process(record.keeper.pid).net_connections("inet")
        assert {(each.laddr.ip, each.status) for each in connections if not each.raddr} == {("127.0.0.1", "LISTEN")}
        assert ports.answers(told["kdc"])
        writer = next(user for user in row["security"]["users"] if user["name"] == "writer")
        text = writer["settings"]["GSSAPI"]["librdkafka"]
        assert (
            passed(confluent, text.replace("# os.", "os.").replace("# settings[", "settings["), "made") == "as written"
        )
    finally:
        stopped = command("stop", row["address"])
    assert stopped.returncode == 0
    assert not record.keeper.alive
    assert not ports.answers(told["kdc"])
    assert not Path(row["folder"]).exists()


KILLED = """
import sys
from kafka_forge import brokers
from kafka_forge.brokers import security
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
plan = security.chosen(tls=False, sasl=["gssapi"], acl=False)
broker = brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan)
print(broker.address, flush=True)
sys.stdin.read()
"""


def test_the_kdc_goes_when_its_owner_is_killed_outright() -> None:
    program = [sys.executable, "-c", KILLED]
    owner = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    address = owner.stdout.readline().strip()
    (record,) = [each for each in brokers.running(Cache.default()) if each.address == address]
    assert record.keeper is not None
    both = [psutil.Process(each.pid) for each in (record.server, record.keeper) if each is not None]
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    _, alive = psutil.wait_procs(both, timeout=60)
    assert not alive


def test_a_kdc_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    """Without its jars, Java finds no such program."""
    cache = Cache(tmp_path)
    folder, keys = records.new_folder(cache), tmp_path / "keys"
    keys.mkdir()
    found = java.find(Cache.default(), Silent())
    with pytest.raises(BrokerNotReady, match="ended by itself") as caught:
        kdc.start(runtime.Kerberos(found, ()), folder, keys, ["me"], detached=False)
    assert "MiniKdc" in "".join(caught.value.details)
    assert Path(caught.value.where or "").read_text(encoding="utf-8")
    assert not any(keys.iterdir())
    shutil.rmtree(folder)


def test_a_port_that_is_taken_meanwhile_is_left_for_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import socket

    ready = runtime.prepare(brokers.DEFAULT, Cache.default(), Silent(), kerberos=True)
    assert ready.kerberos is not None
    folder, keys = records.new_folder(Cache(tmp_path)), tmp_path / "keys"
    keys.mkdir()
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        taken, lasting = other.getsockname()[1], ports.lasting
        asked: list[int] = []

        def first_the_taken_one(count: int) -> list[int]:
            asked.append(count)
            return [taken] if len(asked) == 1 else lasting(count)

        monkeypatch.setattr(ports, "lasting", first_the_taken_one)
        started = kdc.start(ready.kerberos, folder, keys, ["me"], detached=False)
    try:
        assert len(asked) == 2
        assert ports.answers(started.realm.kdc)
    finally:
        started.end()
    assert not started.process.alive
