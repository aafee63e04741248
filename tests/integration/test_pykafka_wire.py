"""pykafka's requests and connections: versions, and brokers that close, answer late or not at all."""

from __future__ import annotations

import faulthandler
import importlib
import queue
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .pykafka_wire import GOLDEN
from .scripted_broker import EVERY_VERSION, ScriptedBroker, metadata, string, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration


# ---------------------------------------------------------------------------------------------------- versions


def test_the_highest_common_version_is_taken(wire: Wire) -> None:
    announced = wire.admin.ApiVersionsResponse(memoryview(bytes.fromhex(GOLDEN["api_versions"]))).api_versions
    assert announced[0].min == 0  # what KAFKA-18659 is about
    chosen = {
        name: getattr(wire.protocol, name).get_version_impl(announced).API_VERSION
        for name in (
            "ProduceRequest",
            "FetchRequest",
            "ListOffsetRequest",
            "OffsetCommitRequest",
            "CreateTopicsRequest",
        )
    }
    assert chosen == {
        "ProduceRequest": 8,
        "FetchRequest": 10,
        "ListOffsetRequest": 1,
        "OffsetCommitRequest": 2,
        "CreateTopicsRequest": 2,
    }


def test_an_old_broker_gets_old_versions_though_a_new_one_was_spoken_to_before(wire: Wire) -> None:
    spec = wire.admin.ApiVersionsSpec
    request = wire.protocol.ProduceRequest
    assert request.get_version_impl({0: spec(0, 3, 13)}).API_VERSION == 8
    assert request.get_version_impl({0: spec(0, 0, 2)}).API_VERSION == 2


@pytest.mark.parametrize("announced", [{}, {1: (12, 18)}])
def test_no_common_version_raises_and_names_the_api(wire: Wire, announced: dict[int, tuple[int, int]]) -> None:
    specs = {key: wire.admin.ApiVersionsSpec(key, *span) for key, span in announced.items()} or {3: None}
    with pytest.raises(wire.errors.UnsupportedVersionError, match="FetchRequest"):
        wire.protocol.FetchRequest.get_version_impl(specs)


# ---------------------------------------------------------------------------------------------------- connections


@pytest.fixture
def closing_broker() -> Iterator[ScriptedBroker]:
    """A broker with a topic ``t``, which knows metadata v0 and offsets and closes the connection on a fetch."""
    broker = ScriptedBroker({18: versions(EVERY_VERSION)})
    broker.answers[3] = metadata(broker.port)
    broker.answers[2] = struct.pack("!i", 1) + string(b"t") + struct.pack("!iihqq", 1, 0, 0, -1, 0)
    yield broker
    broker.close()


def consumed(consumer: Any, broker: ScriptedBroker) -> None:
    """Consume what must raise; where it does not, tell what each thread did instead."""
    message = consumer.consume()
    faulthandler.dump_traceback()
    pytest.fail(f"{message} was consumed, and the broker asked {broker.asked}")


def test_a_broker_that_closes_on_every_fetch_raises(
    pykafka: Any, wire: Wire, closing_broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "pykafka")  # shown where it fails
    client = pykafka.KafkaClient(f"127.0.0.1:{closing_broker.port}")
    topic = client.topics[b"t"]
    with pytest.raises(wire.errors.SocketDisconnectedError, match="closed"):
        # on a busy machine its worker may have given up before it is handed over, and then that raises
        consumed(topic.get_simple_consumer(consumer_timeout_ms=90_000), closing_broker)
    assert (1, 10) in closing_broker.asked


@pytest.fixture
def connection(pykafka: Any, wire: Wire) -> Iterator[Any]:
    """A connection to a broker that answers every ApiVersionsRequest with ``answered``."""
    assert pykafka.KafkaClient
    broker = ScriptedBroker({18: b"answered"})
    made = wire.connection.BrokerConnection("127.0.0.1", broker.port, handlers().ThreadingHandler())
    made.connect(5000)
    yield made
    broker.close()


def handlers() -> Any:
    return importlib.import_module("pykafka.handlers")


def test_every_request_around_a_stop_is_answered_or_raises(wire: Wire, connection: Any) -> None:
    handler, futures, stopped = handlers().RequestHandler(connection._handler, connection), [], threading.Event()
    handler.start()

    def ask() -> None:
        while not stopped.wait(0.001):
            futures.append(handler.request(wire.protocol.ApiVersionsRequest()))
        futures.append(handler.request(wire.protocol.ApiVersionsRequest()))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    stopped.wait(0.1)
    handler.stop()
    stopped.set()
    for thread in asking:
        thread.join()
    assert all(future._ready.wait(60) for future in futures)
    assert {bytes(future.response) for future in futures if not future.error} == {b"answered"}
    for late in futures[-4:]:
        with pytest.raises(wire.errors.SocketDisconnectedError, match="stopped"):
            late.get()


def test_a_request_that_is_being_queued_when_it_is_stopped_is_answered(wire: Wire, connection: Any) -> None:
    queueing, ended = threading.Event(), threading.Event()

    class SlowQueue(queue.Queue[Any]):
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
            queueing.set()
            ended.wait(1.5)  # longer than the worker takes to see that it is to end
            super().put(item, block, timeout)

    class SlowHandler(handlers().ThreadingHandler):  # type: ignore[misc]
        Queue = SlowQueue

    handler, futures = handlers().RequestHandler(SlowHandler(), connection), []
    handler.start()
    asking = threading.Thread(target=lambda: futures.append(handler.request(wire.protocol.ApiVersionsRequest())))
    asking.start()
    queueing.wait()
    handler.stop()
    handler.t.join()
    ended.set()
    asking.join()
    assert futures[0]._ready.wait(60)
    assert bytes(futures[0].get()) == b"answered"


def test_what_sends_requests_may_be_collected_in_its_own_thread(wire: Wire, connection: Any) -> None:
    """The garbage collector runs in any thread: to wait for the requests there is to wait for oneself."""
    box, forgotten = [handlers().RequestHandler(connection._handler, connection)], threading.Event()
    box[0].start()

    class Collecting(wire.protocol.ApiVersionsRequest):  # type: ignore[misc, name-defined]
        def get_bytes(self) -> Any:
            forgotten.wait()
            box.clear()
            return super().get_bytes()

    future, second = box[0].request(Collecting()), box[0].request(wire.protocol.ApiVersionsRequest())
    forgotten.set()
    assert future._ready.wait(60)
    assert second._ready.wait(60)
    assert bytes(second.get()) == b"answered"


def test_a_response_ends_where_it_says(pykafka: Any, wire: Wire) -> None:
    """A short response after a long one must not end with bytes of the long one."""
    broker = ScriptedBroker({18: b"x" * 100})
    handler = importlib.import_module("pykafka.handlers").ThreadingHandler()
    client = wire.connection.BrokerConnection("127.0.0.1", broker.port, handler)
    client.connect(5000)
    for size in (100, 3):
        broker.answers[18] = b"x" * size
        client.request(wire.protocol.ApiVersionsRequest())
        assert bytes(client.response()) == b"x" * size
    client.disconnect()
    broker.close()


def test_an_unknown_error_code_has_a_class_of_its_own(wire: Wire) -> None:
    unlisted = wire.errors.ERROR_CODES[12_345]
    assert issubclass(unlisted, wire.errors.UnlistedError)
    assert wire.errors.ERROR_CODES[12_345] is unlisted
    assert wire.errors.ERROR_CODES[36] is wire.errors.TopicAlreadyExists


def test_importing_warns_of_nothing(pykafka: Any) -> None:
    tree = Path(pykafka.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(tree)!r}); import pykafka, pykafka.cli.kafka_tools, pykafka.protocol"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, cwd="/")


def test_making_a_lock_warns_of_nothing(pykafka: Any) -> None:
    """Python 3.13 and later warn of the argument; before, the lock was made in two attempts, one of which failed."""
    handlers = importlib.import_module("pykafka.handlers")
    assert handlers.ThreadingHandler.RLock is threading.RLock
    assert pykafka.KafkaClient
