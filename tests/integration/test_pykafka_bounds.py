"""Every wait of pykafka's workers has a bound, and a destructor waits for nothing."""

from __future__ import annotations

import gc
import importlib
import struct
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .scripted_broker import API_VERSIONS, EVERY_VERSION, METADATA, ScriptedBroker, metadata, string, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

SECONDS = 60
FOR_EVER_MS = 600_000
COORDINATOR = 10


@pytest.fixture
def scripted() -> Iterator[ScriptedBroker]:
    """A broker that speaks EVERY_VERSION, and has a topic ``t``."""
    broker = ScriptedBroker({API_VERSIONS: versions(EVERY_VERSION)})
    broker.answers[METADATA] = metadata(broker.port)
    yield broker
    broker.close()


@pytest.fixture
def handlers(pykafka: Any) -> Any:
    assert pykafka.KafkaClient
    return importlib.import_module("pykafka.handlers")


def sender(handlers: Any, wire: Wire, broker: ScriptedBroker) -> Any:
    """Return a RequestHandler with a connection that waits ten minutes for an answer."""
    handler = handlers.ThreadingHandler()
    connection = wire.connection.BrokerConnection("127.0.0.1", broker.port, handler)
    connection.connect(FOR_EVER_MS)
    made = handlers.RequestHandler(handler, connection)
    made.start()
    return made


def in_time(work: Callable[[], Any]) -> None:
    """Do something that must come to an end."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()


def ended(worker: threading.Thread) -> bool:
    worker.join(SECONDS)
    return not worker.is_alive()


# ------------------------------------------------------------------------------------ requests


def test_a_stop_does_not_wait_for_a_broker_that_does_not_answer(
    handlers: Any, wire: Wire, scripted: ScriptedBroker
) -> None:
    scripted.silent.add(API_VERSIONS)
    requests = sender(handlers, wire, scripted)
    worker, connection = requests.t, requests.shared.connection
    futures = [requests.request(wire.protocol.ApiVersionsRequest()) for _ in range(3)]
    in_time(lambda: requests.stop(timeout=0.2))
    for future in futures:
        with pytest.raises(wire.errors.SocketDisconnectedError):
            future.get(timeout=SECONDS)
    assert ended(worker)
    assert not connection.connected


def test_nothing_is_left_of_what_sends_requests_when_it_is_stopped(
    handlers: Any, wire: Wire, scripted: ScriptedBroker
) -> None:
    requests = sender(handlers, wire, scripted)
    worker, connection = requests.t, requests.shared.connection
    future = requests.request(wire.protocol.ApiVersionsRequest())
    requests.stop()
    assert len(future.get(timeout=0)) > 0
    assert ended(worker)
    assert not connection.connected
    requests.stop()


def test_what_sends_requests_may_be_stopped_by_its_own_worker(
    handlers: Any, wire: Wire, scripted: ScriptedBroker
) -> None:
    requests = sender(handlers, wire, scripted)

    class Stopping(wire.protocol.ApiVersionsRequest):  # type: ignore[misc, name-defined]
        def get_bytes(self) -> Any:
            requests.stop(timeout=FOR_EVER_MS)
            return super().get_bytes()

    worker = requests.t
    future = requests.request(Stopping())
    assert len(future.get(timeout=SECONDS)) > 0
    assert ended(worker)


def test_a_response_is_waited_for_as_long_as_was_asked(handlers: Any, wire: Wire, scripted: ScriptedBroker) -> None:
    scripted.silent.add(API_VERSIONS)
    requests = sender(handlers, wire, scripted)
    with pytest.raises(wire.errors.SocketTimeoutError, match=r"no response within 0\.2 s"):
        requests.request(wire.protocol.ApiVersionsRequest()).get(timeout=0.2)
    requests.stop(timeout=0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_dies_leaves_nobody_waiting(handlers: Any, wire: Wire, scripted: ScriptedBroker) -> None:
    class Fatal(wire.protocol.ApiVersionsRequest):  # type: ignore[misc, name-defined]
        def get_bytes(self) -> Any:
            raise SystemExit

    requests = sender(handlers, wire, scripted)
    first, second = requests.request(Fatal()), requests.request(wire.protocol.ApiVersionsRequest())
    with pytest.raises(wire.errors.SocketDisconnectedError, match="SystemExit"):
        first.get(timeout=SECONDS)
    assert ended(requests.t)
    for future in (second, requests.request(wire.protocol.ApiVersionsRequest())):
        with pytest.raises(wire.errors.SocketDisconnectedError, match="ended"):
            future.get(timeout=SECONDS)


def test_a_client_is_stopped_though_its_broker_hangs(pykafka: Any, wire: Wire, scripted: ScriptedBroker) -> None:
    with pykafka.KafkaClient(scripted.address, socket_timeout_ms=FOR_EVER_MS) as client:
        broker = client.brokers[1]
        scripted.silent.add(METADATA)
        futures = [broker.handler.request(wire.protocol.MetadataRequest()) for _ in range(3)]
        in_time(client.stop)
        for future in futures:
            with pytest.raises(wire.errors.SocketDisconnectedError):
                future.get(timeout=SECONDS)
        assert not broker.connected
        scripted.silent.clear()
        client.update_cluster()
        assert broker.connected
    assert not broker.connected


# ------------------------------------------------------------------------------------ helpers


def test_a_call_within_its_time(handlers: Any, wire: Wire) -> None:
    handler, for_ever = handlers.ThreadingHandler(), threading.Event()
    assert handlers.call_within(handler, SECONDS, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        handlers.call_within(handler, SECONDS, divmod, 7, 0)
    with pytest.raises(wire.errors.SocketTimeoutError):
        handlers.call_within(handler, 0.1, for_ever.wait)
    for_ever.set()


def test_a_worker_knows_itself(handlers: Any) -> None:
    handler, seen, may_look = handlers.ThreadingHandler(), [], threading.Event()

    def look() -> None:
        may_look.wait()
        seen.append(handlers.is_current(worker))

    worker = handler.spawn(look)
    may_look.set()
    assert ended(worker)
    assert seen == [True]
    assert not handlers.is_current(worker)


FORGOTTEN = """
import sys, threading, time
sys.path.insert(0, {tree!r})
from pykafka.handlers import ThreadingHandler
from pykafka.utils.at_exit import stop_elsewhere

class Thing:
    def __del__(self):
        stop_elsewhere(ThreadingHandler(), self.stop, {seconds})
    def stop(self):
        assert threading.current_thread() is not threading.main_thread()
        assert may_stop.wait({wait})
        print("stopped", flush=True)

may_stop = threading.Event()
thing = Thing()
with threading._active_limbo_lock:  # whoever starts a thread and waits for it waits for ever
    del thing
print("forgotten", flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("seconds", "wait", "then", "said"),
    [
        (60, 60, "threading.Timer(.5, may_stop.set).start()", ["forgotten", "stopped"]),
        (0.5, 600, "", ["forgotten"]),
    ],
    ids=["it stops", "it hangs"],
)
def test_what_a_destructor_stops_is_waited_for_at_exit(
    pykafka: Any, seconds: float, wait: float, then: str, said: list[str]
) -> None:
    tree = str(Path(pykafka.__file__).parents[1])
    code = FORGOTTEN.format(tree=tree, seconds=seconds, wait=wait, then=then)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert ran.stdout.split() == said
    assert ran.stderr == ""


# ------------------------------------------------------------------------------------ groups


def coordinator(*, error: int = 0, node: int = 1, port: int = 1) -> bytes:
    """Return the answer to FindCoordinator v0."""
    return struct.pack("!hi", error, node) + string(b"127.0.0.1") + struct.pack("!i", port)


def test_a_coordinator_is_found_when_there_is_one(pykafka: Any, wire: Wire, scripted: ScriptedBroker) -> None:
    """First there is none, then one that metadata do not know, then the connection is closed."""
    client = pykafka.KafkaClient(scripted.address)
    scripted.once[COORDINATOR] = [coordinator(error=15), coordinator(error=14), coordinator(node=7), None]
    scripted.answers[COORDINATOR] = coordinator()
    assert client.cluster.get_group_coordinator(b"group") is client.brokers[1]
    assert not scripted.once[COORDINATOR]
    assert wire.errors


@pytest.mark.parametrize(
    ("error", "name"), [(15, "GroupCoordinatorNotAvailable"), (30, "GroupAuthorizationFailed"), (None, None)]
)
def test_no_coordinator_raises_what_is_in_the_way(
    pykafka: Any, wire: Wire, scripted: ScriptedBroker, error: int | None, name: str | None
) -> None:
    client = pykafka.KafkaClient(scripted.address)
    client.cluster._max_connection_retries_offset_mgr = 3
    if error is not None:
        scripted.answers[COORDINATOR] = coordinator(error=error)
    with pytest.raises(getattr(wire.errors, name or "SocketDisconnectedError")):
        client.cluster.get_group_coordinator(b"group")


@pytest.mark.parametrize("connected", [True, False])
def test_requests_of_groups_end_in_time(pykafka: Any, wire: Wire, scripted: ScriptedBroker, connected: bool) -> None:
    client = pykafka.KafkaClient(
        scripted.address, socket_timeout_ms=FOR_EVER_MS, offsets_channel_socket_timeout_ms=FOR_EVER_MS
    )
    broker = client.brokers[1]
    scripted.silent |= {8, 9, 11, 12, 13, 14}
    if connected:
        broker._get_unique_req_handler("me")
        broker.connect_offsets_channel()
    protocol = importlib.import_module("pykafka.membershipprotocol").RangeProtocol
    asking: tuple[Callable[[], Any], ...] = (
        lambda: broker.commit_consumer_group_offsets(b"group", 1, b"me", [], timeout=0.1),
        lambda: broker.fetch_consumer_group_offsets(b"group", [], timeout=0.1),
        lambda: broker.join_group("me", b"group", b"me", b"t", protocol, timeout=0.1),
        lambda: broker.sync_group("me", b"group", 1, b"me", [], timeout=0.1),
        lambda: broker.heartbeat("me", b"group", 1, b"me", timeout=0.1),
        lambda: broker.leave_group("me", b"group", b"me", timeout=0.1),
    )
    for ask in asking:
        with pytest.raises(wire.errors.SocketTimeoutError, match=r"no response within 0\.1 s"):
            ask()
    scripted.drop()


def test_an_idle_worker_holds_neither_what_it_answered_nor_who_asked(
    handlers: Any, wire: Wire, scripted: ScriptedBroker
) -> None:
    """An error's traceback leads to whoever waited: a client whose last request had failed was never collected."""
    made = sender(handlers, wire, scripted)

    class Refused(wire.protocol.ApiVersionsRequest):  # type: ignore[misc, name-defined]
        def get_bytes(self) -> Any:
            raise wire.errors.SocketDisconnectedError("refused on purpose")

    def ask() -> weakref.ref[Any]:
        future = made.request(Refused())
        with pytest.raises(wire.errors.SocketDisconnectedError):
            future.get()
        return weakref.ref(future)

    asked = ask()
    deadline = time.monotonic() + SECONDS
    while asked() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)
    assert asked() is None
    made.stop()
