"""pykafka's record batches and message sets: what a real broker sent, round trips, and damage that must raise."""

from __future__ import annotations

import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .pykafka_wire import GOLDEN

if TYPE_CHECKING:
    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

TIMESTAMP = 1_700_000_000_000
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
SENT = [
    *((b"key", b"value %d" % i * 10, TIMESTAMP + i, []) for i in range(3)),
    (b"a null value", None, TIMESTAMP - 5, []),
    (None, b"", TIMESTAMP + 100_000, [("n\u00e4me", b"h"), ("null", None)]),
]

# hypothesis asks a session's fixture for nothing that changes between its examples
steady = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def content(messages: Any) -> list[tuple[Any, ...]]:
    return [(m.partition_key, m.value, m.timestamp, m.headers) for m in messages]


# ---------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_a_real_broker_are_read(wire: Wire, codec: str) -> None:
    messages = wire.fetched(codec)
    assert content(messages) == SENT
    assert messages.next_offset == len(SENT)


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_of_a_real_broker_is_decoded(wire: Wire, codec: str) -> None:
    batch = wire.batch.DecodedBatch(memoryview(records_of(codec)), 0)
    assert (content(batch), batch.next_offset) == (SENT, len(SENT))


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
        begin.wait(60)
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


@pytest.mark.parametrize("codec", [each for each in CODECS if each != "none"])
def test_a_codec_gives_back_what_it_took(wire: Wire, codec: str) -> None:
    data = bytes(range(256)) * 1000  # more than one block
    encoded = wire.compression.encode(CODECS[codec], data)
    assert wire.compression.decode(CODECS[codec], encoded) == data
    independent = 0x20  # in the flags of a frame, lz4_Frame_format.md
    assert codec != "lz4" or encoded[4] & independent, "a broker reads no blocks that refer to each other"


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
