"""Every number that pykafka's clients are made with, at its edges and beyond, in both modes and on a real broker.

What both modes accept works: messages are delivered and consumed. What is refused is refused by its name, when the
client is made, by both modes; where librdkafka has a range of its own, that is a row of `LIBRDKAFKA`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from hypothesis import given
from hypothesis import strategies as st

from .pykafka_edges import SHORT, Asked, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

LIBRDKAFKA = {
    "retry_backoff_ms": (1, 300_000),
    "retry_backoff_max_ms": (1, 300_000),
    "ack_timeout_ms": (0, 900_000),
    "min_queued_messages": (1, 1_000_000),
    "linger_ms": (0, 900_000),
    "max_request_size": (1000, 10**9),
    "fetch_message_max_bytes": (1, 10**9),
    "fetch_min_bytes": (1, 10**8),
    "fetch_error_backoff_ms": (0, 300_000),
    "auto_offset_reset": (-2, -1),
}
"""The ranges of librdkafka's CONFIGURATION.md that are narrower than what a request can hold.

auto.offset.reset has no place for an offset: the two are OffsetType's.
"""
PRODUCER = (
    "max_retries",
    "retry_backoff_ms",
    "required_acks",
    "ack_timeout_ms",
    "max_queued_messages",
    "min_queued_messages",
    "linger_ms",
    "queue_empty_timeout_ms",
    "max_request_size",
    "pending_timeout_ms",
    "delivery_timeout_ms",
    "retry_backoff_max_ms",
)
CONSUMER = (
    "fetch_message_max_bytes",
    "num_consumer_fetchers",
    "auto_commit_interval_ms",
    "queued_max_messages",
    "fetch_min_bytes",
    "fetch_error_backoff_ms",
    "fetch_wait_max_ms",
    "offsets_channel_backoff_ms",
    "offsets_commit_max_retries",
    "auto_offset_reset",
    "consumer_timeout_ms",
    "isolation_level",
)
DELIVERED = ["0", "2"]
CONSUMED = ["0", "1", "2"]


@pytest.fixture(scope="module")
def asked(pykafka_env: PykafkaEnv, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    topic = f"edges-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    producer = Producer({"bootstrap.servers": broker.address})
    for value in CONSUMED:
        producer.produce(topic, value.encode())
    assert producer.flush(30) == 0
    asked = Asked(pykafka_env, broker.address, topic, tmp_path_factory.mktemp("edges"))
    yield asked
    asked.close()


def only_librdkafka(name: str, value: Any) -> bool:
    """Whether a value that the pure mode takes is out of librdkafka's range."""
    if name not in LIBRDKAFKA:
        return False
    low, high = LIBRDKAFKA[name]
    return not low <= int(value) <= high


@pytest.mark.parametrize("name", PRODUCER)
@given(value=numbers)
@SHORT
def test_numbers_of_producers(asked: Asked, name: str, value: Any) -> None:
    if name == "max_request_size" and isinstance(value, int) and 0 < value < 1000:
        value += 1000  # no message is as small, which test_a_request_too_small_for_any_message is about
    if (
        name in {"pending_timeout_ms", "delivery_timeout_ms"}
        and isinstance(value, (int, float))
        and 0 <= value < 10_000
    ):
        value += 10_000  # how long stop() waits, or a message may take
    pure, c = asked.both("producer", name, value)
    if not pure.refused:
        assert pure.outcome == DELIVERED
        assert c.refused == only_librdkafka(name, value), (name, value, c)
    assert c.refused or c.outcome == DELIVERED
    assert c.refused or not pure.refused


@pytest.mark.parametrize("name", CONSUMER)
@given(value=numbers)
@SHORT
def test_numbers_of_consumers(asked: Asked, name: str, value: Any) -> None:
    if name == "num_consumer_fetchers" and isinstance(value, int):
        value = min(value, 3)  # each is a thread
    if name == "consumer_timeout_ms" and isinstance(value, (int, float)) and 0 < value < 10_000:
        value += 10_000  # how long it waits for the first message
    pure, c = asked.both("consumer", name, value)
    if not pure.refused:
        assert pure.outcome == CONSUMED
        assert c.refused == only_librdkafka(name, value), (name, value, c)
    assert c.refused or c.outcome == CONSUMED
    assert c.refused or not pure.refused or name == "fetch_wait_max_ms"  # the test of which is the next but one


def test_a_request_too_small_for_any_message(asked: Asked) -> None:
    """The pure mode finds out with the first message, librdkafka has a least size."""
    pure, c = (asked.ask("producer", mode, {"max_request_size": 10}) for mode in (False, True))
    assert "MessageSizeTooLarge" in pure.outcome
    assert c.refuses("max_request_size")


@pytest.mark.parametrize("fetch_wait", [2**31 - 1, 30_000])
@pytest.mark.parametrize("kind", ["consumer", "member"])
def test_a_wait_that_outlasts_the_connections_timeout_is_refused(asked: Asked, kind: str, fetch_wait: int) -> None:
    """In the pure mode; librdkafka waits for as long as both together, and takes 300 s."""
    pure = asked.ask(kind, False, {"fetch_wait_max_ms": fetch_wait})
    assert pure.refuses("fetch_wait_max_ms")
    assert "less than the client's socket_timeout_ms=30000" in pure.outcome
    assert asked.ask(kind, True, {"fetch_wait_max_ms": fetch_wait}).refused == (fetch_wait > 300_000)


MEMBER = ("rebalance_max_retries", "rebalance_backoff_ms", "heartbeat_interval_ms", "fetch_error_backoff_ms")


@pytest.mark.parametrize("name", MEMBER)
@given(value=st.sampled_from((0, -1, 2**41, None, "5", 1.5)))
@SHORT
def test_numbers_of_members(asked: Asked, name: str, value: Any) -> None:
    pure, c = asked.both("member", name, value)
    assert pure.refused == c.refused
    assert pure.refused or (pure.outcome, c.outcome) == (["0"], ["0"])


OTHERS = [
    ("producer", "compression", [0, 1, 2, 3, 4], [5, -1, None, "gzip", True]),
    ("producer", "partitioner", [None], [5, "random", b"", [1]]),
    ("producer", "serializer", [None], [5, "utf-8"]),
    ("consumer", "deserializer", [None], [5, "utf-8"]),
    ("consumer", "isolation_level", [0, 1], [2, -1, None, "read_committed", True]),
    ("consumer", "auto_offset_reset", [-1, -2], [-3, None, "earliest", b"latest", 2**63]),
    ("consumer", "partitions", [None], [5, [5], [None]]),
    ("member", "membership_protocol", [], [None, "range", 5]),
    ("member", "post_rebalance_callback", [None], [5, "f"]),
]


@pytest.mark.parametrize(("kind", "name", "taken", "refused"), OTHERS, ids=[name for _, name, _, _ in OTHERS])
def test_what_is_no_number(asked: Asked, kind: str, name: str, taken: list[Any], refused: list[Any]) -> None:
    good = {"producer": DELIVERED, "consumer": CONSUMED, "member": ["0"]}[kind]
    for value in taken:
        assert [answer.outcome for answer in asked.both(kind, name, value)] == [good, good]
    for value in refused:
        assert all(answer.refuses(name) for answer in asked.both(kind, name, value)), value


@pytest.mark.parametrize("group", ["edges-g", b"edges-g", "", None, "g" * 249])
def test_names_of_groups(asked: Asked, group: Any) -> None:
    for answer in asked.both("consumer", "consumer_group", group):
        assert answer.outcome == CONSUMED


@pytest.mark.parametrize("group", ["\u00fc", "\u00fc".encode(), b"\xff"])
def test_names_of_groups_are_ascii(asked: Asked, group: Any) -> None:
    for mode in (False, True):
        for kind in ("consumer", "member"):
            outcome = asked.ask(kind, mode, {"consumer_group": group}).outcome
            assert outcome.startswith("UnicodeException: Consumer group name "), outcome


def test_names_of_groups_have_a_length(asked: Asked) -> None:
    for kind, name in (("consumer", "g" * 2**15), ("member", "g" * 2**15), ("member", ""), ("member", None)):
        for answer in asked.both(kind, "consumer_group", name):
            assert answer.refuses("consumer_group"), (kind, name[:5] if name else name, answer)
