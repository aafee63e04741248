"""A real Kafka: it starts, answers, leaves nothing behind, and its death is seen, whoever dies first."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined] # its documentation has it

from kafka_forge import brokers
from kafka_forge.brokers import admin, disk, locks, ports, protocol
from kafka_forge.errors import BrokerDied, BrokerNotReady, NothingSelected, PortTaken, ScenarioBroken
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .broker_tools import gone, listens, our_folders, produce

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("version", [each for each in brokers.versions() if each != brokers.DEFAULT])
def test_every_version_takes_messages_and_leaves_no_process_port_or_folder(version: str) -> None:
    before = our_folders()
    with brokers.start(version, Cache.default(), Silent()) as broker:
        assert (broker.version, broker.owned, broker.alive) == (version, True, True)
        (record,) = [each for each in brokers.running(Cache.default()) if each.address == broker.address]
        assert record.server is not None
        processes = [psutil.Process(each.pid) for each in (record.server, record.keeper) if each is not None]
        listening = {address for process in processes for address in listens(process)}
        assert {host for host, _, _ in listening} == {"127.0.0.1"}
        identified = brokers.connect(broker.address).version
        if locks.kafka(version).needs_zookeeper:
            assert (identified, len(processes), broker.zookeeper) == ("unknown", 2, record.zookeeper)
            assert broker.zookeeper in {"".join(address) for address in listening}
        else:
            assert (identified, len(processes), broker.zookeeper) == (version.rpartition(".")[0], 1, None)
        if version != "0.10.0.1":  # CreateTopics is of 0.10.1 (KIP-4); there a topic comes by being written to
            admin.create_topics(broker.address, {"t": 3})
        produce(broker.address, "t", 30)
        assert broker.log_dir is not None
        if locks.kafka(version).has_headers:
            assert disk.read_topic(broker.log_dir, "t").records == 30
    assert not any(process.is_running() for process in processes)
    assert not any(ports.answers("".join(address)) for address in listening)
    assert our_folders() == before


def test_the_disk_shows_the_codec_that_a_client_used(broker: Broker) -> None:
    assert broker.log_dir is not None
    topics = {f"disk-{codec}": 2 for codec in disk.CODECS}
    admin.create_topics(broker.address, topics)
    for codec in disk.CODECS:
        produce(broker.address, f"disk-{codec}", 20, codec)
    seen = {codec: disk.read_topic(broker.log_dir, f"disk-{codec}") for codec in disk.CODECS}
    assert {codec: (each.records, set(each.codecs)) for codec, each in seen.items()} == {
        codec: (20, {codec}) for codec in disk.CODECS
    }
    assert all(seen[codec].bytes < seen["none"].bytes / 3 for codec in disk.CODECS[1:])
    admin.delete_topics(broker.address, topics)


def test_no_message_is_too_old_for_a_broker(broker: Broker) -> None:
    """A message dated 2024 was gone half a minute, or 5 min 30 s, after the broker's start: a test's luck."""
    admin.create_topics(broker.address, {"old": 1})
    resource = ConfigResource(ConfigResource.Type.TOPIC, "old")
    client = AdminClient({"bootstrap.servers": broker.address})  # kept: an answer is lost with its client
    (answer,) = client.describe_configs([resource]).values()
    values = answer.result(60)
    assert (values["retention.ms"].value, values["retention.bytes"].value) == ("-1", "-1")
    admin.delete_topics(broker.address, ["old"])


def test_topics_are_made_deleted_and_refused(broker: Broker) -> None:
    admin.create_topics(broker.address, {"made": 3, "made-too": 1})
    topics = admin.describe_topics(broker.address)
    assert (topics["made"], topics["made-too"]) == (3, 1)
    with pytest.raises(ScenarioBroken) as caught:
        admin.create_topics(broker.address, {"made": 3})
    assert "TOPIC_ALREADY_EXISTS" in caught.value.details[0]
    admin.delete_topics(broker.address, ["made", "made-too", "never-made"])
    assert not {"made", "made-too"} & set(admin.describe_topics(broker.address))


def share_coordinator(address: str, group: str) -> int:
    """Ask which node keeps a share group's state (FindCoordinator version 6, key type 2: KIP-932); return the error."""
    key = f"{group}:{base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip('=')}:0"
    reader = protocol.ask(address, 10, 6, b"\2" + protocol.array([protocol.text(key)]) + protocol.NO_TAGS, seconds=60)
    reader.take(4)  # throttle time
    assert (reader.varint() - 1, reader.text()) == (1, key)
    reader.take(4)  # node
    reader.text()  # host
    reader.take(4)  # port
    return reader.number(2)


def test_a_broker_that_is_alone_keeps_the_state_of_share_groups(broker: Broker) -> None:
    """With three copies, which are the default, it answers COORDINATOR_NOT_AVAILABLE (15) for ever."""
    deadline = time.monotonic() + 120
    while error := share_coordinator(broker.address, "share"):
        assert error in (15, 16), error  # it makes its topic now, or has not loaded it yet
        assert time.monotonic() < deadline, error
        time.sleep(0.2)
    assert admin.describe_topics(broker.address)["__share_group_state"] == 1


def test_connect_speaks_to_a_broker_that_runs_and_never_stops_it(broker: Broker) -> None:
    with brokers.connect(broker.address) as other:
        newest = brokers.DEFAULT.rpartition(".")[0]
        assert (other.version, other.address, other.owned) == (newest, broker.address, False)
        other.check()
    assert broker.alive
    with pytest.raises(BrokerNotReady, match="no Kafka broker answers"):
        brokers.connect(f"127.0.0.1:{ports.free(1)[0]}")


def test_a_taken_port_is_refused_and_its_holder_named() -> None:
    before = our_folders()
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            brokers.start(brokers.DEFAULT, Cache.default(), Silent(), port=port)
    assert caught.value.where == f"127.0.0.1:{port}"
    assert f"process {os.getpid()}" in caught.value.details[0]
    assert our_folders() == before


def test_a_broker_that_does_not_come_up_shows_its_log_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = our_folders()
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\necho this Java is broken\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("KAFKA_FORGE_JAVA", str(broken))
    with pytest.raises(BrokerNotReady) as caught:
        brokers.start(brokers.DEFAULT, Cache.default(), Silent())
    assert "this Java is broken" in caught.value.details
    assert our_folders() == before


def test_a_broker_that_dies_is_not_blamed_on_the_client() -> None:
    before = our_folders()
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        broker.check()
        broker.kill()
        with pytest.raises(BrokerDied) as caught:
            broker.check()
        assert any("Kafka Server started" in line for line in Path(str(caught.value.where)).read_text().splitlines())
        assert caught.value.details
        with pytest.raises(BrokerDied):
            admin.describe_topics(broker.address, timeout=1)
        begun = time.monotonic()
        for change in (partial(admin.create_topics, partitions={"late": 1}), partial(admin.delete_topics, names=["t"])):
            with pytest.raises(BrokerDied, match="ended while it was needed"):
                change(broker.address, watch=broker.check)
        assert time.monotonic() - begun < 10  # each would wait for 30 seconds
    assert our_folders() == before


def test_a_broker_that_dies_before_its_new_topics_have_leaders_is_noticed_at_once() -> None:
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        client = admin.client_of(broker.address)
        assert admin._led(client, {"none": 1}, time.monotonic() + 30, broker.address, broker.check) == set()
        broker.kill()
        with pytest.raises(BrokerDied, match="ended while it was needed"):
            admin._led(client, {"none": 1}, time.monotonic() + 30, broker.address, broker.check)


KILLED = """
import sys
from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

version = sys.argv[1] if sys.argv[1:] else brokers.DEFAULT
broker = brokers.start(version, Cache.default(), Silent())
print(broker.address, broker.log_dir, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("version", [brokers.DEFAULT, "2.8.2"])
def test_the_broker_goes_when_its_owner_is_killed_outright(version: str) -> None:
    program = [sys.executable, "-c", KILLED, version]
    owner = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdin is not None
    assert owner.stdout is not None
    address, log_dir = owner.stdout.readline().split()
    (record,) = [each for each in brokers.running(Cache.default()) if each.address == address]
    assert record.server is not None
    processes = [psutil.Process(each.pid) for each in (record.server, record.keeper) if each is not None]
    assert len(processes) == (2 if version == "2.8.2" else 1)
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    assert all(gone(process, 60) for process in processes)
    deadline = time.monotonic() + 60
    while Path(log_dir).parent.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(log_dir).parent.exists()
    assert not ports.answers(address)


def test_ctrl_c_while_a_broker_starts_leaves_nothing() -> None:
    owner = subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run, server, deadline = Cache.default().brokers / "run", None, time.monotonic() + 60
    while server is None and time.monotonic() < deadline:
        time.sleep(0.02)
        server = next((each.server for each in brokers.running(Cache.default()) if is_of(each, owner.pid)), None)
    assert server is not None
    owner.send_signal(signal.SIGINT)
    _, errors = owner.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert not server.alive
    assert not set(run.glob(f"{owner.pid}-*"))


def is_of(record: brokers.Record, pid: int) -> bool:
    return record.owner is not None and record.owner.pid == pid


def forge(*arguments: str) -> Any:
    ended = subprocess.run(
        [sys.executable, "-m", "kafka_forge.cli", *arguments, "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def test_broker_start_list_and_stop() -> None:
    (started,) = forge("broker", "start")
    try:
        assert started["version"] == brokers.DEFAULT
        assert started in forge("broker", "list")
        connected = brokers.connect(started["address"], Cache.default())
        assert (connected.version, connected.owned) == (brokers.DEFAULT, False)
        assert str(connected.log_dir) == started["log_dir"]
        asked = subprocess.run(
            [sys.executable, "-m", "kafka_forge.cli", "broker", "stop"], capture_output=True, text=True, check=False
        )
        assert asked.returncode == NothingSelected.exit_code
        assert started["address"] in asked.stderr
        assert ports.answers(started["address"])
    finally:
        stopped = forge("broker", "stop", started["address"])
    assert stopped == [started]
    assert not ports.answers(started["address"])
    assert not Path(started["folder"]).exists()
