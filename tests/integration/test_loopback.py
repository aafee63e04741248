"""Every server that the toolkit starts listens on the loopback address alone: the kernel is asked, not the settings."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kafka_forge import brokers
from kafka_forge.brokers import security
from kafka_forge.brokers.links import Links
from kafka_forge.errors import SecurityUnavailable
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from tests import loopback

if TYPE_CHECKING:
    from kafka_forge.brokers.security import Plan

pytestmark = pytest.mark.integration


def test_what_listens_elsewhere_would_be_seen() -> None:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        for each, address in ((four, "127.0.0.1"), (six, "::1")):
            each.bind((address, 0))
            each.listen()
        assert {("127.0.0.1", four.getsockname()[1]), ("::1", six.getsockname()[1])} <= loopback.listening().keys()
    found = {("0.0.0.0", 1): "a", ("::", 2): "b", ("192.0.2.1", 3): "c", ("::ffff:127.0.0.1", 4): "d", ("::1", 5): "e"}
    assert [said[0] for said in loopback.elsewhere(found)] == ["a", "b", "c"]


def ports_of(addresses: str) -> set[int]:
    return {int(address.rpartition(":")[2]) for address in addresses.split(",")}


@pytest.mark.parametrize(
    ("version", "plan", "servers"),
    [
        (brokers.DEFAULT, security.chosen(tls=True, sasl=["plain", "scram", "oauthbearer"], acl=True), 1),
        ("2.8.2", None, 2),  # with its ZooKeeper
        (brokers.DEFAULT, security.chosen(tls=False, sasl=["gssapi"], acl=False), 2),  # with its KDC
    ],
    ids=["secured", "zookeeper", "kerberos"],
)
def test_a_broker_and_what_stands_beside_it(version: str, plan: Plan | None, servers: int) -> None:
    before = loopback.listening()
    try:
        started = brokers.start(version, Cache.default(), Silent(), security=plan)
    except SecurityUnavailable as error:
        pytest.skip(str(error))
    with started as broker:
        found = {place: name for place, name in loopback.listening().items() if place not in before}
        assert loopback.elsewhere(found) == []
        ports = {port for _, port in found}
        assert ports_of(broker.address) <= ports
        if broker.secured is not None:
            assert ports_of(broker.secured.addresses(broker.secured.plan.listeners[0].name)) <= ports
        assert len(ports) >= servers
    assert not loopback.listening().keys() - before.keys()


def test_a_cluster_and_the_links_before_it() -> None:
    before = loopback.listening()
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), linked=True) as cluster, Links(cluster):
        found = {place: name for place, name in loopback.listening().items() if place not in before}
        assert loopback.elsewhere(found) == []
        assert ports_of(cluster.address) <= {port for _, port in found}
