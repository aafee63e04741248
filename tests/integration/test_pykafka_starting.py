"""pykafka's managed members that start while the group's broker cannot be reached: what passes is waited out."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin, settings
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .broker_tools import produce
from .kafka_proxy import Proxy

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

EARLIEST = -2  # pykafka.common.OffsetType
AT_ONCE = 20.0  # seconds, on a busy machine


def test_a_member_that_starts_waits_for_its_coordinator(pykafka: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coordinator is killed just when it has been found, and the group goes to another broker."""
    with brokers.start_cluster(brokers.DEFAULT, Cache.default(), Silent(), overrides=settings.QUICK) as cluster:
        admin.create_topics(cluster.internal, {"starting": 1}, copies=3)
        produce(cluster.address, "starting", 10)
        client = pykafka.KafkaClient(cluster.address)
        consumer = client.topics["starting"].get_balanced_consumer(
            b"starting", managed=True, auto_offset_reset=EARLIEST, consumer_timeout_ms=60_000, auto_start=False
        )
        find = consumer._find_coordinator
        killed: list[int] = []

        def find_and_kill() -> None:
            find()
            if not killed:
                killed.append(consumer._group_coordinator.id)
                cluster.broker(killed[0]).kill()

        monkeypatch.setattr(consumer, "_find_coordinator", find_and_kill)
        consumer.start()
        try:
            assert consumer._group_coordinator.id not in killed
            assert [consumer.consume().offset for _ in range(10)] == list(range(10))
        finally:
            consumer.stop()
            client.stop()


def test_a_member_that_starts_without_any_broker_says_so_at_once(pykafka: Any, broker: Broker) -> None:
    name = f"starting-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1})
    with Proxy(broker.address) as proxy:
        client = pykafka.KafkaClient(proxy.address)
        consumer = client.topics[name].get_balanced_consumer(b"nobody", managed=True, auto_start=False)
        proxy.close()
        began = time.monotonic()
        with pytest.raises((pykafka.exceptions.NoBrokersAvailableError, pykafka.exceptions.SocketDisconnectedError)):
            consumer.start()
        assert time.monotonic() - began < AT_ONCE
        client.stop()
