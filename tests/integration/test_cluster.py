"""A cluster of real brokers: it starts at the first try, lives on without one of them, heals, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin, disk, ports, settings
from kafka_forge.errors import BrokerDied, BrokerNotReady, UnknownBroker
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .broker_tools import gone, listens, our_folders, produce

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster() -> Iterator[brokers.Cluster]:
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), overrides=settings.QUICK) as started:
        yield started


def test_three_brokers_keep_three_copies_and_listen_on_the_loopback_address_only(cluster: brokers.Cluster) -> None:
    admin.create_topics(cluster.internal, {"copied": 3}, copies=3)
    produce(cluster.address, "copied", 30)
    cluster.heal()
    assert [broker.node for broker in cluster.brokers] == [1, 2, 3]
    assert [disk.read_topic(broker.data, "copied").records for broker in cluster.brokers] == [30, 30, 30]
    listening = {address for broker in cluster.brokers for address in listens(psutil.Process(broker.identity.pid))}
    assert {host for host, _, _ in listening} == {"127.0.0.1"}
    assert {broker.address for broker in cluster.brokers} < {"".join(address) for address in listening}
    first_outgoing = ports._first_outgoing()
    assert all(int(port) < first_outgoing for _, _, port in listening)


def test_groups_have_a_coordinator_before_a_client_asks_for_one(cluster: brokers.Cluster) -> None:
    admin.await_coordinator(cluster.internal, watch=cluster.check)
    partitions = admin.describe_partitions(cluster.internal, ["__consumer_offsets"])
    assert [(number, len(each.copies), each.leader > 0) for (_, number), each in partitions.items()] == [(0, 3, True)]


def test_a_coordinator_that_nobody_answers_for_is_an_error() -> None:
    with pytest.raises(BrokerDied, match="no longer answers") as refused:
        admin.await_coordinator("127.0.0.1:1", timeout=1.0)
    assert "no coordinator" in refused.value.details[0]


def test_any_one_of_them_may_be_killed_or_ended_and_all_goes_on(cluster: brokers.Cluster) -> None:
    admin.create_topics(cluster.internal, {"goes-on": 3}, copies=3)
    for broker in cluster.brokers:
        before = broker.identity
        broker.kill()
        assert not broker.alive
        produce(cluster.address, "goes-on", 10)
        with pytest.raises(BrokerNotReady, match="has ended"):
            next(each for each in cluster.brokers if each.alive).revive()
        cluster.heal()
        assert broker.alive
        assert broker.identity != before
        broker.terminate()
        produce(cluster.address, "goes-on", 10)
        cluster.heal()
    assert [disk.read_topic(broker.data, "goes-on").records for broker in cluster.brokers] == [60, 60, 60]


def test_a_paused_broker_answers_nobody_until_it_goes_on(cluster: brokers.Cluster) -> None:
    paused = cluster.broker(2)
    paused.pause()
    try:
        assert paused.alive
        assert ports.answers(paused.internal)  # the kernel accepts the connection; nobody speaks
        assert admin.brokers_of(paused.internal, seconds=1.0) is None
    finally:
        cluster.heal()
    found = admin.brokers_of(paused.internal, seconds=30.0)
    assert found is not None
    assert found[1] == {1, 2, 3}


KILLED = """
import sys
from kafka_forge import brokers
from kafka_forge.brokers import settings
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

cluster = brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), brokers=2, overrides=settings.QUICK)
cluster.broker(1).kill()
cluster.broker(1).revive()
print(*(broker.identity.pid for broker in cluster.brokers), cluster.broker(1).data.parent, flush=True)
sys.stdin.read()
"""


def test_a_cluster_goes_with_its_owner_the_brokers_that_were_started_anew_too() -> None:
    owner = subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    first, second, folder = owner.stdout.readline().split()
    processes = [psutil.Process(int(pid)) for pid in (first, second)]
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    assert all(gone(process, 30) for process in processes)
    deadline = time.monotonic() + 30
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()


def test_a_cluster_leaves_no_process_port_or_folder() -> None:
    before = our_folders()
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), brokers=2) as pair:
        processes = [psutil.Process(broker.identity.pid) for broker in pair.brokers]
        addresses = [broker.address for broker in pair.brokers]
        assert len(our_folders()) == len(before) + 2
        pair.check()
    assert not any(process.is_running() for process in processes)
    assert not any(ports.answers(address) for address in addresses)
    assert our_folders() == before


def test_a_version_with_a_zookeeper_makes_no_cluster() -> None:
    with pytest.raises(UnknownBroker, match="KRaft only"):
        brokers.start_cluster("2.8.2", Cache.default(), Silent())


def forge(*arguments: str) -> Any:
    ended = subprocess.run(
        [sys.executable, "-m", "kafka_forge.cli", *arguments, "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def test_broker_start_with_several_brokers_and_stop_by_the_address_of_one() -> None:
    started = forge("broker", "start", "--brokers", "3")
    try:
        assert [row["node"] for row in started] == [1, 2, 3]
        assert len({row["cluster"] for row in started}) == 1
        assert all(row["detached"] for row in started)
        listed = forge("broker", "list")
        assert all(row in listed for row in started)
        connected = brokers.connect(started[1]["address"], Cache.default())
        assert (connected.version, connected.owned) == (brokers.DEFAULT, False)
        admin.create_topics(started[2]["address"], {"of-three": 1}, copies=3)
    finally:
        stopped = forge("broker", "stop", started[0]["address"])
    assert sorted(row["node"] for row in stopped) == [1, 2, 3]
    assert not any(ports.answers(row["address"]) for row in started)
    assert not any(Path(row["folder"]).exists() for row in started)
