"""pykafka's wire code: what a real broker sent, round trips, and damage that must raise.

``data/pykafka_wire.json`` is what ``data/capture_pykafka_wire.py`` had from Apache Kafka 4.2.0, written by librdkafka.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import queue
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

GOLDEN = json.loads((Path(__file__).parent / "data" / "pykafka_wire.json").read_text(encoding="utf-8"))
TIMESTAMP = 1_700_000_000_000
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
KEY, VALUE, WHEN, HEADERS = "partition_key", "value", "timestamp", "headers"
SENT = [
    *((b"key", b"value %d" % i * 10, TIMESTAMP + i, []) for i in range(3)),
    (b"a null value", None, TIMESTAMP - 5, []),
    (None, b"", TIMESTAMP + 100_000, [("n\u00e4me", b"h"), ("null", None)]),
]

# hypothesis asks a session's fixture for nothing that changes between its examples
steady = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Wire:
    """The modules under test."""

    def __init__(self) -> None:
        def module(name: str) -> Any:
            return importlib.import_module(f"pykafka.{name}")

        self.batch, self.fetch = module("protocol.record_batch"), module("protocol.fetch")
        self.protocol, self.admin = module("protocol"), module("protocol.admin")
        self.compression, self.crc32c = module("utils.compression"), module("utils.crc32c")
        self.errors, self.connection = module("exceptions"), module("connection")

    def fetched(self, name: str) -> Any:
        """What a captured Fetch v10 response has for its one partition."""
        response = self.fetch.FetchResponseV10(memoryview(bytes.fromhex(GOLDEN[name])))
        ((partition,),) = [topic.values() for topic in response.topics.values()]
        return partition.messages


@pytest.fixture(scope="session")
def wire(pykafka: Any) -> Wire:
    assert pykafka.KafkaClient
    return Wire()


def content(messages: Any) -> list[tuple[Any, ...]]:
    return [(m.partition_key, m.value, m.timestamp, m.headers) for m in messages]


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


# ---------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_a_real_broker_are_read(wire: Wire, codec: str) -> None:
    messages = wire.fetched(codec)
    assert content(messages) == SENT
    assert messages.next_offset == len(SENT)


def test_the_broker_s_own_timestamp_is_given_where_the_topic_has_it(wire: Wire) -> None:
    messages = list(wire.fetched("appended"))
    assert [m.value for m in messages] == [value for _, value, _, _ in SENT]
    assert len({m.timestamp for m in messages}) == 1
    assert messages[0].timestamp > TIMESTAMP + 100_000
    assert messages[0].timestamp_dt.year > 2023


def test_marks_of_transactions_are_never_messages(wire: Wire) -> None:
    messages = wire.fetched("transactions")
    assert [m.value for m in messages] == [b"committed"] * 2 + [b"aborted"] * 2 + [b"outside"]
    assert messages.next_offset == 7  # two marks among them


def test_read_committed_leaves_out_what_was_aborted(wire: Wire) -> None:
    messages = wire.fetched("read_committed")
    assert [(m.offset, m.value) for m in messages] == [(0, b"committed"), (1, b"committed"), (6, b"outside")]


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy"])
def test_message_sets_of_old_brokers_are_read(wire: Wire, magic: int, codec: str) -> None:
    messages = [
        wire.protocol.Message(
            b"%d" % i, partition_key=b"k", timestamp=TIMESTAMP if magic else None, protocol_version=magic
        )
        for i in range(3)
    ]
    messages_set = wire.protocol.MessageSet(compression_type=CODECS[codec], messages=messages)
    data = bytearray(len(messages_set))
    messages_set.pack_into(data, 0)
    read = wire.fetch.FetchedMessages(bytes(data))
    assert [m.value for m in read] == [b"0", b"1", b"2"]
    data[-1] ^= 1
    with pytest.raises(wire.errors.MessageSetDecodeFailure):
        list(wire.fetch.FetchedMessages(bytes(data)))


# ---------------------------------------------------------------------------------------------------- round trips

byte_strings = st.one_of(st.none(), st.binary(max_size=200), st.integers(8190, 8195).map(bytes))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
records = st.tuples(
    byte_strings,
    byte_strings,
    st.integers(TIMESTAMP - 2**40, TIMESTAMP + 2**40),
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.none() | st.binary()), max_size=3
    ),
)


@settings(steady, max_examples=50)
@given(sent=st.lists(records, min_size=1, max_size=10), codec=st.sampled_from(sorted(CODECS.values())))
def test_a_batch_comes_back_as_it_was_sent(wire: Wire, sent: list[tuple[Any, ...]], codec: int) -> None:
    messages = [
        wire.protocol.Message(value, partition_key=key, timestamp=when, headers=headers, protocol_version=2)
        for key, value, when, headers in sent
    ]
    read = wire.fetch.FetchedMessages(
        bytes(wire.batch.encode_batch(messages, codec, base_offset=10**12)), partition_id=3
    )
    assert content(read) == sent
    assert [m.offset for m in read] == list(range(10**12, 10**12 + len(sent)))
    assert read.next_offset == 10**12 + len(sent)


def test_a_long_batch_comes_back_as_it_was_sent(wire: Wire) -> None:
    sent: list[Any] = [
        (None, b"x" * (60 + i % 8), TIMESTAMP + i // 100, []) for i in range(20_000)
    ]  # offsets of three bytes
    messages = [wire.protocol.Message(value, timestamp=when, protocol_version=2) for _, value, when, _ in sent]
    assert content(wire.fetch.FetchedMessages(bytes(wire.batch.encode_batch(messages)))) == sent


@given(value=st.integers(-(2**63), 2**63 - 1))
@steady
def test_varints_come_back(wire: Wire, value: int) -> None:
    encoded = wire.batch.encode_varint(value)
    assert wire.batch.decode_varint(encoded + b"\xff", 0) == (value, len(encoded))


def test_the_checksum_has_the_values_of_rfc_3720(wire: Wire) -> None:
    checksum = wire.crc32c._pure_crc32c
    assert checksum(b"123456789") == 0xE3069283
    assert checksum(bytes(32)) == 0x8A9136AA
    assert checksum(b"\xff" * 32) == 0x62A8AB43
    assert checksum(bytes(range(32))) == 0x46DD794E


@steady
@given(data=st.binary(max_size=64), repeated=st.integers(1, 300))
def test_the_quick_checksum_is_that_byte_by_byte(wire: Wire, data: bytes, repeated: int) -> None:
    slow = wire.crc32c._by_bytes(data * repeated, 0xFFFFFFFF) ^ 0xFFFFFFFF
    assert wire.crc32c._pure_crc32c(data * repeated) == slow


def test_threads_that_begin_together_have_the_right_checksum(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of the quick way are made when they are first needed, by whoever needs them."""
    shift, data = wire.crc32c._Shift, bytes(range(256)) * 200
    begin, make = threading.Barrier(8), shift.__init__

    def slowly(self: Any, images: Any) -> None:
        time.sleep(0.001)  # lets another thread come between
        make(self, images)

    def one(_: int) -> int:
        begin.wait(10)
        return int(wire.crc32c._pure_crc32c(data))

    monkeypatch.setattr(shift, "__init__", slowly)
    shift._known.clear()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(one, range(8)))
    assert found == {wire.crc32c._by_bytes(data, 0xFFFFFFFF) ^ 0xFFFFFFFF}


# ---------------------------------------------------------------------------------------------------- damage


@steady
@given(codec=st.sampled_from(sorted(CODECS)), position=st.integers(0), change=st.integers(1, 255))
def test_a_changed_byte_raises(wire: Wire, codec: str, position: int, change: int) -> None:
    batch = bytearray(records_of(codec))
    covered = range(16, len(batch))  # before that are the offset, the length and the leader's epoch
    batch[covered[position % len(covered)]] ^= change
    with pytest.raises(wire.errors.MessageSetDecodeFailure):
        list(wire.fetch.FetchedMessages(bytes(batch)))


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_cut_off_raises_or_is_left_for_the_next_fetch(wire: Wire, codec: str) -> None:
    batch = records_of(codec)
    for size in range(1, len(batch)):
        with pytest.raises(wire.errors.MessageSetDecodeFailure):
            list(wire.fetch.FetchedMessages(batch[:size]))
        followed = wire.fetch.FetchedMessages(batch + batch[:size])
        assert content(followed) == SENT
        assert followed.next_offset == len(SENT)


@steady
@given(data=st.binary(min_size=1, max_size=300))
def test_anything_else_raises(wire: Wire, data: bytes) -> None:
    with pytest.raises(wire.errors.MessageSetDecodeFailure):
        list(wire.fetch.FetchedMessages(data))


@steady
@given(data=st.binary(max_size=80), count=st.integers(0, 5))
def test_records_that_are_not_what_the_checksum_promised_raise(wire: Wire, data: bytes, count: int) -> None:
    """A wrong length or count must end in an exception, even where the checksum was made over it."""
    header = struct.pack("!hiqqqhii", 0, count, 0, 0, -1, -1, -1, count)
    checked = header + data
    body = struct.pack("!ibI", 0, 2, wire.crc32c.crc32c(checked)) + checked
    batch = wire.fetch.FetchedMessages(struct.pack("!qi", 0, len(body)) + body)
    try:
        read = list(batch)
    except wire.errors.MessageSetDecodeFailure:
        return
    assert len(read) == count


def test_a_missing_library_is_named(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("snappy", "lz4", "lz4f", "zstd", "zstandard"):
        monkeypatch.setattr(wire.compression, library, None)
    for codec, package in (("snappy", "python-snappy"), ("lz4", "lz4"), ("zstd", "zstandard")):
        with pytest.raises(ImportError, match=package):
            list(wire.fetched(codec))


def records_of(name: str) -> bytes:
    """The record batch in a captured Fetch v10 response: what is behind its length, at the end."""
    response = bytes.fromhex(GOLDEN[name])
    start = response.index(struct.pack("!q", 0) + b"\0\0", len(response) - 450 if len(response) > 450 else 60)
    for offset in range(start, len(response)):
        size = int.from_bytes(response[offset - 4 : offset], "big")
        if size == len(response) - offset and response[offset + 16] == 2:
            return response[offset:]
    raise AssertionError(name)


# ---------------------------------------------------------------------------------------------------- connections


class ScriptedBroker:
    """Listens on 127.0.0.1, answers requests by API key, and closes the connection where it has no answer."""

    def __init__(self, answers: dict[int, bytes]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, int]] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := stream.read(4):
                request = stream.read(int.from_bytes(head, "big"))
                key, version = struct.unpack_from("!hh", request)
                self.asked.append((key, version))
                if key not in self.answers:
                    return
                answer = request[4:8] + self.answers[key]
                connection.sendall(struct.pack("!i", len(answer)) + answer)

    def close(self) -> None:
        self._server.close()


def string(text: bytes) -> bytes:
    return struct.pack("!h", len(text)) + text


@pytest.fixture
def closing_broker() -> Iterator[ScriptedBroker]:
    """A broker with a topic ``t``, which knows metadata v0 and offsets and closes the connection on a fetch."""
    versions = {1: (0, 10), 2: (0, 1), 3: (0, 0), 18: (0, 0)}
    announced = b"".join(struct.pack("!hhh", key, *span) for key, span in versions.items())
    broker = ScriptedBroker({18: struct.pack("!hi", 0, len(versions)) + announced})
    me = struct.pack("!ii", 1, 1) + string(b"127.0.0.1") + struct.pack("!i", broker.port)
    partition = struct.pack("!hiiiiii", 0, 0, 1, 1, 1, 1, 1)
    broker.answers[3] = me + struct.pack("!ih", 1, 0) + string(b"t") + struct.pack("!i", 1) + partition
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
    consumer = topic.get_simple_consumer(consumer_timeout_ms=20_000)
    with pytest.raises(wire.errors.SocketDisconnectedError, match="closed"):
        consumed(consumer, closing_broker)
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
    assert all(future._ready.wait(10) for future in futures)
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
    assert futures[0]._ready.wait(10)
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
    assert future._ready.wait(10)
    assert second._ready.wait(10)
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
