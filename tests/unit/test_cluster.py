"""A cluster, as far as no Kafka has to run: what its brokers are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafka_forge.brokers import settings
from kafka_forge.brokers.settings import Seat

SEATS = [Seat(node, 10 * node, 10 * node + 1, 10 * node + 2, 10 * node + 3) for node in (1, 2, 3)]


def test_every_address_of_a_cluster_is_the_loopback_one_and_clients_are_told_the_one_before_the_broker() -> None:
    told = settings.properties_of_member(SEATS[1], SEATS, Path("data"))
    assert told["listeners"] == "CLIENT://127.0.0.1:20,INTERNAL://127.0.0.1:22,CONTROLLER://127.0.0.1:23"
    assert told["advertised.listeners"] == "CLIENT://127.0.0.1:21,INTERNAL://127.0.0.1:22"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:13,2@127.0.0.1:23,3@127.0.0.1:33"
    assert told["node.id"] == "2"


@pytest.mark.parametrize(("nodes", "copies", "in_sync"), [(2, "2", "1"), (3, "3", "2")])
def test_of_three_brokers_one_may_go_and_writes_still_have_two_copies(nodes: int, copies: str, in_sync: str) -> None:
    told = settings.properties_of_member(SEATS[0], SEATS[:nodes], Path("data"))
    factors = {key: value for key, value in told.items() if key.endswith("replication.factor")}
    assert set(factors.values()) == {copies}
    assert len(factors) == 4
    least = {key: value for key, value in told.items() if key.endswith((".min.isr", "min.insync.replicas"))}
    assert set(least.values()) == {in_sync}
    assert len(least) == 3


def test_a_broker_that_is_alone_keeps_its_settings() -> None:
    told = settings.properties(port=1, controller_port=2, data=Path("data"))
    assert told["default.replication.factor"] == "1"
    assert "min.insync.replicas" not in told
    assert "INTERNAL" not in told["listeners"]
