"""pykafka with a real broker that hangs: its process is stopped, while its port still accepts connections."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

SECONDS = 60
FOR_EVER_MS = 600_000


@pytest.fixture(scope="module")
def own() -> Iterator[Broker]:
    """A broker of this module's own, since nobody else wants one that hangs."""
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as started:
        yield started


@contextlib.contextmanager
def hanging(broker: Broker) -> Iterator[None]:
    """Stop the broker's process, and have it go on at the end."""
    assert broker._record is not None
    assert broker._record.server is not None
    process = broker._record.server.process()
    assert process is not None
    process.suspend()
    try:
        until(lambda: all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in process.threads()))
        yield
    finally:
        process.resume()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_time(work: Callable[[], Any]) -> Any:
    """Do something that must come to an end; return what it returned or raised."""
    results: list[Any] = []

    def do() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert results, "it hangs as well"
    return results[0]


def test_an_update_ends_and_says_what_hangs(pykafka: Any, wire: Wire, own: Broker) -> None:
    client = pykafka.KafkaClient(own.address, socket_timeout_ms=500)
    (broker,) = client.brokers.values()
    announced = broker.api_versions
    with hanging(own):
        error = in_time(client.update_cluster)
        assert isinstance(error, wire.errors.NoBrokersAvailableError)
        assert f"{own.address}: " in str(error)
        assert "timed out" in str(error)
        assert isinstance(in_time(broker.connect), wire.errors.SocketTimeoutError)
        assert isinstance(in_time(lambda: pykafka.KafkaClient(own.address, socket_timeout_ms=500)), type(error))
    assert broker.api_versions == announced
    client.update_cluster()
    assert broker.connected
    assert broker.api_versions == announced
    client.stop()


def test_a_client_stops_though_its_broker_hangs(pykafka: Any, wire: Wire, own: Broker) -> None:
    client = pykafka.KafkaClient(own.address, socket_timeout_ms=FOR_EVER_MS)
    (broker,) = client.brokers.values()
    with hanging(own):
        waiting = [broker.handler.request(wire.protocol.ApiVersionsRequest()) for _ in range(2)]
        assert in_time(client.stop) is None
        for future in waiting:
            with pytest.raises(wire.errors.SocketDisconnectedError):
                future.get(timeout=SECONDS)
    client.update_cluster()
    assert broker.connected
    client.stop()


def test_what_a_group_asks_for_ends_in_time(pykafka: Any, wire: Wire, own: Broker) -> None:
    client = pykafka.KafkaClient(own.address, offsets_channel_socket_timeout_ms=FOR_EVER_MS)
    coordinator = client.cluster.get_group_coordinator(b"group")
    with hanging(own), pytest.raises(wire.errors.SocketTimeoutError):
        coordinator.fetch_consumer_group_offsets(b"group", [], timeout=0.5)
    client.stop()
