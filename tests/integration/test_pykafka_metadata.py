"""pykafka finds its brokers: whichever of them are gone, hang, are back, or have another address."""

from __future__ import annotations

import contextlib
import gc
import importlib
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import ports

from .scripted_broker import API_VERSIONS, EVERY_VERSION, METADATA, ScriptedBroker, metadata, metadata_v1, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

SECONDS = 60
FOR_EVER_MS = 600_000
OFFSET_FETCH = 9


@pytest.fixture
def scripted() -> Iterator[Callable[[], ScriptedBroker]]:
    """Make brokers that speak EVERY_VERSION, and know of nobody but themselves."""
    with contextlib.ExitStack() as stack:

        def make() -> ScriptedBroker:
            broker = ScriptedBroker({API_VERSIONS: versions(EVERY_VERSION)})
            broker.answers[METADATA] = metadata(broker.port)
            stack.callback(broker.close)
            return broker

        yield make


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_time(work: Callable[[], Any]) -> Any:
    """Do something that must come to an end, and return what came of it."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(SECONDS)
    (result,) = results
    return result


def nobody() -> str:
    """Return an address at which nobody listens."""
    (port,) = ports.free(1)
    return f"127.0.0.1:{port}"


# ------------------------------------------------------------------------------------ who is asked


def test_known_brokers_are_asked_when_the_bootstrap_address_is_gone(
    pykafka: Any, scripted: Callable[[], ScriptedBroker]
) -> None:
    first, second = scripted(), scripted()
    first.answers[METADATA] = second.answers[METADATA] = metadata(second.port)
    client = pykafka.KafkaClient(first.address)
    first.close()
    client.update_cluster()
    assert client.brokers[1].port == second.port
    second.drop()  # known, and not connected
    client.update_cluster()
    assert client.brokers[1].connected


def test_the_bootstrap_address_is_asked_when_all_known_brokers_are_gone(
    pykafka: Any, scripted: Callable[[], ScriptedBroker]
) -> None:
    first, second, third = scripted(), scripted(), scripted()
    first.answers[METADATA] = metadata(second.port)
    client = pykafka.KafkaClient(first.address)
    first.answers[METADATA] = metadata(third.port)
    second.close()
    client.update_cluster()
    assert client.brokers[1].port == third.port


def test_every_bootstrap_address_is_tried_and_not_always_the_same_first(
    pykafka: Any, scripted: Callable[[], ScriptedBroker]
) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(f"{nobody()},{nobody()},{broker.address}")
    orders = {tuple(map(tuple, client.cluster._get_broker_connection_info())) for _ in range(300)}
    assert len(orders) == 3
    assert len({frozenset(order) for order in orders}) == 1


def test_a_broker_that_hangs_keeps_nobody_from_the_others(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    """Its port accepts, as that of a stopped process does; a connection was waited for as long as its socket waits."""
    works, hangs = scripted(), scripted()
    hangs.silent.add(API_VERSIONS)
    works.answers[METADATA] = metadata(works.port, hangs.port)
    client = in_time(lambda: pykafka.KafkaClient(works.address, socket_timeout_ms=FOR_EVER_MS))
    assert [client.brokers[node].connected for node in (1, 2)] == [True, False]
    in_time(client.update_cluster)


# ------------------------------------------------------------------------------------ who a broker is


@pytest.mark.parametrize("gone", [True, False], ids=["its old address is gone", "its old address answers"])
def test_a_broker_is_found_at_another_address(pykafka: Any, scripted: Callable[[], ScriptedBroker], gone: bool) -> None:
    before, after = scripted(), scripted()
    after.answers[METADATA] = metadata(before.port)
    client = pykafka.KafkaClient(f"{before.address},{after.address}")
    broker, topic = client.brokers[1], client.topics[b"t"]
    assert broker.port == before.port
    before.answers[METADATA] = after.answers[METADATA] = metadata(after.port)
    if gone:
        before.close()
    client.update_cluster()
    assert client.brokers[1] is broker
    assert topic.partitions[0].leader is broker
    assert (broker.port, broker.connected) == (after.port, True)
    assert len(broker.request_metadata().brokers) == 1
    until(lambda: before.open_connections == 0)


def test_a_broker_that_was_missing_for_a_while_is_the_same_one(
    pykafka: Any, scripted: Callable[[], ScriptedBroker]
) -> None:
    first, second = scripted(), scripted()
    first.answers[METADATA] = metadata(first.port, second.port)
    client = pykafka.KafkaClient(first.address)
    broker = client.brokers[2]
    second.drop()
    first.answers[METADATA] = second.answers[METADATA] = metadata(first.port)
    client.update_cluster()
    assert list(client.brokers) == [1]
    first.answers[METADATA] = second.answers[METADATA] = metadata(first.port, second.port)
    client.update_cluster()
    assert client.brokers[2] is broker
    assert broker.connected


def test_no_controller_is_no_error(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    broker = scripted()
    broker.answers |= {
        API_VERSIONS: versions({3: (0, 1), 18: (0, 0)}),
        METADATA: metadata_v1(broker.port, controller=1),
    }
    client = pykafka.KafkaClient(broker.address)
    assert client.cluster.controller_broker is client.brokers[1]
    broker.answers[METADATA] = metadata_v1(broker.port, controller=-1)
    client.update_cluster()
    assert client.cluster.controller_broker is None


# ------------------------------------------------------------------------------------ nobody answers


def test_the_exception_says_since_when_nobody_answers_and_what_each_said(
    pykafka: Any, wire: Wire, scripted: Callable[[], ScriptedBroker]
) -> None:
    broker, gone = scripted(), nobody()
    client = pykafka.KafkaClient(f"{broker.address},{gone}")
    port = broker.port
    before = time.time()
    broker.close()
    with pytest.raises(wire.errors.NoBrokersAvailableError, match=r"since 20.*refused") as first:
        client.update_cluster()
    assert f"127.0.0.1:{port}: " in str(first.value)
    assert f"{gone}: " in str(first.value)
    assert before <= first.value.since <= time.time()
    assert len(first.value.errors) == 2
    with pytest.raises(wire.errors.NoBrokersAvailableError) as second:
        client.update_cluster()
    assert second.value.since == first.value.since


def test_a_client_that_finds_nobody_says_so(pykafka: Any, wire: Wire) -> None:
    gone = nobody()
    with pytest.raises(wire.errors.NoBrokersAvailableError, match=gone):
        pykafka.KafkaClient(gone)


def test_updates_at_once_are_few(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address)
    before = broker.asked.count((METADATA, 0))
    broker.may_answer.clear()
    threads = [threading.Thread(target=client.update_cluster, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: broker.asked.count((METADATA, 0)) > before)
    time.sleep(0.2)  # the others are waiting for the first one's answer
    broker.may_answer.set()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert broker.asked.count((METADATA, 0)) - before <= 3


def test_nothing_is_left_open(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    broker, other = scripted(), scripted()
    before = set(threading.enumerate())
    client = pykafka.KafkaClient(f"{broker.address},{other.address}")
    for _ in range(5):
        client.update_cluster()
    until(lambda: broker.open_connections + other.open_connections == 1)
    assert importlib.import_module("pykafka.handlers")
    del client
    gc.collect()
    until(lambda: broker.open_connections + other.open_connections == 0)
    until(lambda: not any("pykafka" in thread.name for thread in set(threading.enumerate()) - before))


# ------------------------------------------------------------------------------------ metadata that are old


def test_metadata_are_updated_when_they_are_old(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    first, second = scripted(), scripted()
    client = pykafka.KafkaClient(first.address, metadata_max_age_ms=50)
    cluster, seen = client.cluster, client.cluster.metadata_version
    assert seen == 1
    first.answers[METADATA] = second.answers[METADATA] = metadata(first.port, second.port)

    def updated() -> bool:
        cluster.update_if_old()
        return bool(cluster.metadata_version > seen + 1)

    until(updated)
    assert set(client.brokers) == {1, 2}


def test_nobody_waits_for_an_update_of_old_metadata(pykafka: Any, scripted: Callable[[], ScriptedBroker]) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address, metadata_max_age_ms=1, socket_timeout_ms=FOR_EVER_MS)
    before = len(broker.asked)
    broker.may_answer.clear()
    for _ in range(200):
        client.cluster.update_if_old()
        time.sleep(0.001)
    until(lambda: len(broker.asked) == before + 1)
    broker.may_answer.set()
    until(lambda: client.cluster.metadata_version == 2)


def test_an_update_of_old_metadata_that_fails_raises_nothing_and_is_repeated(
    pykafka: Any, scripted: Callable[[], ScriptedBroker], caplog: pytest.LogCaptureFixture
) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address, metadata_max_age_ms=1)
    answer = broker.answers.pop(METADATA)

    def told() -> bool:
        client.cluster.update_if_old()
        return "Metadata were not updated, though they are old" in caplog.text

    until(told)
    broker.answers[METADATA] = answer
    seen = client.cluster.metadata_version

    def updated() -> bool:
        client.cluster.update_if_old()
        return bool(client.cluster.metadata_version > seen)

    until(updated)


@pytest.mark.parametrize("age", [-1, 5 * 60 * 1000])
def test_metadata_that_are_not_old_are_left_alone(
    pykafka: Any, scripted: Callable[[], ScriptedBroker], age: int
) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address, metadata_max_age_ms=age)
    before, threads = len(broker.asked), set(threading.enumerate())
    for _ in range(100):
        client.cluster.update_if_old()
    assert not set(threading.enumerate()) - threads
    assert len(broker.asked) == before


@pytest.mark.parametrize(("age", "error"), [(0, ValueError), ("1", TypeError), (None, TypeError)])
def test_an_age_that_is_none_is_refused_by_name(pykafka: Any, age: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="metadata_max_age_ms"):
        pykafka.KafkaClient("127.0.0.1:1", metadata_max_age_ms=age)


# ------------------------------------------------------------------------------------ topics with errors


@pytest.mark.parametrize(("error", "name"), [(29, "TopicAuthorizationFailed"), (3, "UnknownTopicOrPartition")])
def test_the_error_of_a_topic_is_raised(
    pykafka: Any, wire: Wire, scripted: Callable[[], ScriptedBroker], error: int, name: str
) -> None:
    """It was a topic without partitions, at which whoever used it failed in his own way."""
    broker = scripted()
    client = pykafka.KafkaClient(broker.address)
    broker.answers[METADATA] = metadata(broker.port, error=error)
    with pytest.raises(getattr(wire.errors, name), match="topic 't'"):
        client.topics[b"t"]


def test_a_topic_that_is_not_known_everywhere_yet_is_waited_for(
    pykafka: Any, scripted: Callable[[], ScriptedBroker]
) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address)
    broker.once[METADATA] = [metadata(broker.port, error=3), metadata(broker.port, error=5)]
    assert list(client.topics[b"t"].partitions) == [0]


@pytest.mark.parametrize("error", [3, 5, 29])
def test_an_error_of_a_topic_takes_no_partition_away(
    pykafka: Any, scripted: Callable[[], ScriptedBroker], error: int
) -> None:
    broker = scripted()
    client = pykafka.KafkaClient(broker.address)
    topic = client.topics[b"t"]
    broker.answers[METADATA] = metadata(broker.port, error=error)
    client.update_cluster()
    assert list(topic.partitions) == [0]


def test_an_error_in_the_versions_is_raised(wire: Wire) -> None:
    for response in wire.admin.ApiVersionsResponse.get_versions().values():
        with pytest.raises(wire.errors.UnsupportedVersion):
            response(memoryview(b"\x00\x23\x00\x00\x00\x00\x00\x00\x00\x00"))


# ------------------------------------------------------------------------------------ offsets of a group


def test_the_error_of_a_group_without_partitions_is_raised(
    pykafka: Any, wire: Wire, scripted: Callable[[], ScriptedBroker]
) -> None:
    """Since OffsetFetch v2 it stands behind the partitions; where none was asked for, nobody looked at it."""
    broker = scripted()
    broker.answers |= {
        API_VERSIONS: versions({**EVERY_VERSION, OFFSET_FETCH: (2, 2)}),
        OFFSET_FETCH: struct.pack("!ih", 0, 30),
    }
    client = pykafka.KafkaClient(broker.address)
    with pytest.raises(wire.errors.GroupAuthorizationFailed, match="group"):
        client.brokers[1].fetch_consumer_group_offsets(b"group", [])
    preq = wire.protocol.PartitionOffsetFetchRequest(b"t", 0)
    response = client.brokers[1].fetch_consumer_group_offsets(b"group", iter([preq]))
    assert response.topics[b"t"][0].err == 30
