"""pykafka's connections: made once where several workers want them, and taken for what they have shown to be."""

from __future__ import annotations

import importlib
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .scripted_broker import API_VERSIONS, EVERY_VERSION, METADATA, ScriptedBroker, metadata, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

SECONDS = 60
ANNOUNCED = {key: (key, *span) for key, span in EVERY_VERSION.items()}


@pytest.fixture
def scripted() -> Iterator[ScriptedBroker]:
    """A broker that speaks EVERY_VERSION, and has a topic ``t``."""
    broker = ScriptedBroker({API_VERSIONS: versions(EVERY_VERSION)})
    broker.answers[METADATA] = metadata(broker.port)
    yield broker
    broker.close()


def connected(port: int, *, timeout_ms: int = 30_000, **settings: Any) -> Any:
    """Return pykafka's Broker for a port of this machine."""
    handler = importlib.import_module("pykafka.handlers").ThreadingHandler()
    broker = importlib.import_module("pykafka.broker").Broker
    return broker(1, "127.0.0.1", port, handler, timeout_ms, timeout_ms, **settings)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do everything at the same time, each in a thread, and return what came of it: a result, or an exception."""
    results: list[Any] = [None] * len(works)
    together = threading.Barrier(len(works))

    def do(number: int, work: Callable[[], Any]) -> None:
        together.wait()
        try:
            results[number] = work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error

    threads = [threading.Thread(target=do, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return results


class Gate:
    """Takes a lock's place and stays shut until so many wait: who comes later would ask for another connection."""

    def __init__(self, lock: Any, count: int) -> None:
        self._lock, self._count, self._open = lock, count, threading.Event()
        self._come = itertools.count(1)

    def __enter__(self) -> None:
        if next(self._come) >= self._count:
            self._open.set()
        assert self._open.wait(SECONDS)
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    waiting = threading.Event()
    for _ in range(SECONDS * 100):
        if condition():
            return
        waiting.wait(0.01)
    pytest.fail("it did not come to be so")


# ------------------------------------------------------------------------------------ two workers that reconnect


def test_workers_that_reconnect_at_once_make_one_connection(wire: Wire, scripted: ScriptedBroker) -> None:
    """Before, each stored its connection before it stood, and read it again after: two workers shared one socket."""
    broker = connected(scripted.port)
    scripted.drop()
    with pytest.raises(wire.errors.SocketDisconnectedError):
        broker.fetch_api_versions()
    before = scripted.accepted
    scripted.may_answer.clear()
    broker._connect_lock = Gate(broker._connect_lock, 4)
    threading.Timer(0.5, scripted.may_answer.set).start()
    assert at_once(*[broker.connect] * 4) == [None] * 4
    assert scripted.accepted == before + 1
    asked = [lambda: len(broker.request_metadata().brokers)] * 4
    assert at_once(*asked) == [1] * 4
    assert broker.connected


def test_workers_that_want_the_same_channel_at_once_share_it(wire: Wire, scripted: ScriptedBroker) -> None:
    assert wire.protocol
    broker = connected(scripted.port)
    before = scripted.accepted
    handlers = at_once(*[lambda: broker._get_unique_req_handler("member")] * 4)
    assert len({id(handler) for handler in handlers}) == 1
    assert scripted.accepted == before + 1
    broker._offsets_channel_lock = Gate(broker._offsets_channel_lock, 4)
    assert at_once(*[broker.connect_offsets_channel] * 4) == [None] * 4
    until(lambda: scripted.accepted == before + 2)


def test_a_connection_that_was_asked_for_again_is_a_new_one(wire: Wire, scripted: ScriptedBroker) -> None:
    assert wire.protocol
    broker = connected(scripted.port)
    was = broker.handler
    broker.connect()
    assert broker.handler is not was
    assert scripted.accepted == 2


# ------------------------------------------------------------------------------------ what a broker says of itself


def test_a_timeout_is_no_answer_about_versions(wire: Wire, scripted: ScriptedBroker) -> None:
    """It was read as "a 0.9 broker", and headers were refused from then on."""
    broker = connected(scripted.port, timeout_ms=300)
    scripted.silent.add(API_VERSIONS)
    was = broker.handler
    with pytest.raises(wire.errors.SocketTimeoutError, match="timed out"):
        broker.connect()
    assert broker.api_versions == ANNOUNCED
    assert broker.handler is was
    fresh = connected(scripted.port, timeout_ms=300)
    assert (fresh.connected, fresh.api_versions) == (False, None)


def test_a_broker_that_has_announced_its_versions_does_not_become_an_old_one(
    wire: Wire, scripted: ScriptedBroker
) -> None:
    broker = connected(scripted.port)
    del scripted.answers[API_VERSIONS]
    with pytest.raises(wire.errors.SocketDisconnectedError, match="closed"):
        broker.connect()
    assert broker.api_versions == ANNOUNCED


def test_what_closes_every_connection_is_no_old_broker(wire: Wire, scripted: ScriptedBroker) -> None:
    """A proxy whose broker is down does so."""
    assert wire.protocol
    scripted.answers.clear()
    broker = connected(scripted.port)
    assert (broker.connected, broker.api_versions) == (False, None)
    assert (METADATA, 0) in scripted.asked


@pytest.mark.parametrize(("broker_version", "newest"), [("0.9.0", 1), ("0.8.2", 0)])
def test_a_broker_that_closes_the_connection_when_it_is_asked_is_an_old_one(
    wire: Wire, scripted: ScriptedBroker, broker_version: str, newest: int
) -> None:
    assert wire.protocol
    del scripted.answers[API_VERSIONS]
    broker = connected(scripted.port, broker_version=broker_version)
    assert broker.api_versions[1].max == newest
    assert len(broker.request_metadata().brokers) == 1


def test_a_broker_that_is_said_to_be_new_is_no_old_one(wire: Wire, scripted: ScriptedBroker) -> None:
    assert wire.protocol
    del scripted.answers[API_VERSIONS]
    assert not connected(scripted.port, broker_version="2.0.0").connected
