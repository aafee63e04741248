"""pykafka's C mode against a real broker: what users meet through its public API, seen by a witness too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from .pykafka_topics import end_of, fill, new_topic, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

BULK = 300_000


@pytest.fixture
def topic(broker: Broker) -> str:
    """A new topic of one partition."""
    return new_topic(broker.address)


@pytest.fixture(scope="module")
def bulk(broker: Broker) -> str:
    """A topic that holds BULK messages of 100 bytes."""
    name = new_topic(broker.address)
    fill(broker.address, name, BULK)
    return name


def test_a_consumer_with_default_arguments_reads_everything_in_order(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    fill(broker.address, topic, 5000)
    answer = pykafka_env.run("consume_all", broker.address, topic=topic, count=5000, options={})
    assert answer["offsets"] == list(range(5000))
    assert (answer["last"], answer["held"]) == (f"{4999:0100d}", 4999)


def test_a_message_knows_its_partition(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    fill(broker.address, topic, 1)
    assert pykafka_env.run("consume_all", broker.address, topic=topic, count=1, options={})["partition"] == 0


def test_a_queue_that_runs_full_does_not_make_the_consumer_pause(
    broker: Broker, pykafka_env: PykafkaEnv, bulk: str
) -> None:
    """Were a full queue left alone for a second each time, as is librdkafka's default, this would take 150 seconds."""
    answer = pykafka_env.run(
        "consume_all", broker.address, topic=bulk, count=BULK, options={"queued_max_messages": 2000}
    )
    assert answer["seconds"] < 100


def test_headers_keys_and_times_arrive(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    producer = Producer({"bootstrap.servers": broker.address})
    headers: list[tuple[str, str | bytes | None]] = [("a", b"1"), ("a", b"2"), ("none", None)]
    producer.produce(topic, b"one", b"key", headers=headers, timestamp=1_234_567_890_123)
    producer.flush(20)
    producer.produce(topic, b"two", timestamp=1_234_567_890_124)
    producer.flush(20)
    first, second = pykafka_env.run("read_headers", broker.address, topic=topic)
    assert first == [[["a", "1"], ["a", "2"], ["none", None]], 1_234_567_890_123, False]
    assert second == [[], 1_234_567_890_124, True]


def test_headers_are_there_however_late_they_are_read(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    producer = Producer({"bootstrap.servers": broker.address})
    for number in range(10):
        producer.produce(topic, b"", headers=[("n", str(number))])
    producer.flush(20)
    answer = pykafka_env.run("read_headers_late", broker.address, topic=topic, count=10)
    unchanged = [[["n", str(number)]] for number in range(10)]
    assert answer == [[["n", "0"], ["more", ""]], [], *unchanged[2:], unchanged[9]]


def test_headers_that_cannot_be_read_keep_no_message_from_coming(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    answer = pykafka_env.run("read_unreadable_headers", broker.address, topic=topic)
    assert answer == ["one", "two", "UnicodeDecodeError"]


def test_headers_keys_and_times_are_written(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    pykafka_env.run("write_headers", broker.address, topic=topic, timestamp=1_234_567_890_123)
    first, second = read(broker.address, topic, 2)
    assert first.headers() == [("a", b"1"), ("a", b""), ("b", None)]
    assert (first.value(), first.key(), first.timestamp()[1]) == (b"one", b"key", 1_234_567_890_123)
    assert (second.headers(), second.key()) == (None, None)


def test_each_message_is_reported_waited_for_or_refused_aloud(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    answer = pykafka_env.run("report", broker.address, topic=topic)
    assert (answer["same"], answer["error"], answer["offset"]) == (True, None, 0)
    assert answer["refused"] == answer["unreported"] == "MessageSizeTooLarge"
    assert answer["sync_offset"] == 1
    assert answer["sync_seconds"] < 2  # the default linger is five seconds


@pytest.fixture
def uncommitted(broker: Broker, topic: str) -> Iterator[str]:
    """A topic with a message that is committed, and one of a transaction that is under way."""
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"certain")
    producer.commit_transaction(60)
    producer.begin_transaction()
    producer.produce(topic, b"perhaps")
    producer.flush(60)
    yield topic
    producer.abort_transaction(60)


@pytest.mark.parametrize(("level", "read"), [(None, ["certain", "perhaps"]), (1, ["certain"])])
def test_uncommitted_messages_are_consumed_unless_told_otherwise(
    broker: Broker, pykafka_env: PykafkaEnv, uncommitted: str, level: int | None, read: list[str]
) -> None:
    answer = pykafka_env.run(
        "read_isolated", broker.address, topic=uncommitted, count=len(read), isolation_level=level, balanced=False
    )
    assert answer == [read] * 2


@pytest.mark.parametrize(("level", "read"), [(None, ["certain", "perhaps"]), (1, ["certain"])])
def test_balanced_consumers_take_the_isolation_level(
    broker: Broker, pykafka_env: PykafkaEnv, uncommitted: str, level: int | None, read: list[str]
) -> None:
    answer = pykafka_env.run(
        "read_isolated", broker.address, topic=uncommitted, count=len(read), isolation_level=level, balanced=True
    )
    assert answer == [read] * 2


def test_what_the_broker_refuses_is_raised_where_nobody_asked_for_reports(
    broker: Broker, pykafka_env: PykafkaEnv
) -> None:
    topic = new_topic(broker.address, config={"max.message.bytes": "1000"})
    raised = pykafka_env.run("produce_refused", broker.address, topic=topic)
    assert raised.startswith("1 messages were not delivered; the first because of MSG_SIZE_TOO_LARGE")


def test_a_full_queue_blocks_or_raises_as_asked(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    answer = pykafka_env.run("fill_queue", broker.address, topic=topic, count=5000)
    assert answer["full"]
    assert 5000 < end_of(broker.address, topic) < 10000


@pytest.mark.parametrize("headers", [False, True])
def test_nothing_is_lost_when_a_producer_is_stopped_under_its_threads(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str, headers: bool
) -> None:
    answer = pykafka_env.run("stop_while_producing", broker.address, topic=topic, headers=headers)
    assert (answer["hanging"], answer["finished"]) == (0, 4)
    assert answer["produced"] == end_of(broker.address, topic) > 0


def test_threads_are_woken_when_a_consumer_is_stopped_under_them(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    fill(broker.address, topic, 100)
    answer = pykafka_env.run("stop_while_consuming", broker.address, topic=topic)
    assert answer == {"hanging": 0, "finished": 4, "consumed": 100}


def test_offsets_can_be_reset_while_other_threads_consume(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    fill(broker.address, topic, 100)
    answer = pykafka_env.run("restart_while_consuming", broker.address, topic=topic, count=100)
    assert answer == {"hanging": 0, "more_than_once": True}


def test_forgotten_clients_are_collected_with_their_threads(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    fill(broker.address, topic, 10)
    assert pykafka_env.run("forget", broker.address, topic=topic) == {"alive": 0, "threads": 0}


def test_nothing_is_left_behind_by_clients_that_come_and_go(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    """A round has 3,000 messages, so that an object or a reference too many for one in ten would stand out."""
    seen = pykafka_env.run("churn", broker.address, topic=topic, rounds=8, count=1500)
    settled = seen[2:]  # caches have filled by then
    blocks, *references = zip(*settled, strict=True)
    assert blocks[-1] - blocks[0] < 300, seen
    assert all(len(set(each)) == 1 for each in references), seen


def test_messages_in_the_queue_when_the_interpreter_ends_are_delivered(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    pykafka_env.run("leave_running", broker.address, topic=topic, count=10)
    assert end_of(broker.address, topic) == 10


def test_a_deserializer_is_applied(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    producer = Producer({"bootstrap.servers": broker.address})
    producer.produce(topic, b"a")
    producer.produce(topic, b"b")
    producer.flush(20)
    assert pykafka_env.run("deserialize", broker.address, topic=topic) == ["A", "B"]


def test_what_was_iterated_over_can_be_committed_and_resumed_from(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    fill(broker.address, topic, 100)
    assert pykafka_env.run("commit_and_resume", broker.address, topic=topic, count=42) == [41, 42]


def test_a_group_managed_by_the_broker_is_balanced_in_c_mode_too(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    topic = new_topic(broker.address, partitions=2)
    producer = Producer({"bootstrap.servers": broker.address})
    for number in range(200):
        producer.produce(topic, b"", partition=number % 2)
    producer.flush(20)
    answer = pykafka_env.run("balance", broker.address, topic=topic, count=200)
    assert answer["partitions"] == [2, True, True]
    assert answer["read"] == [[partition, offset] for partition in (0, 1) for offset in range(100)]
    assert (answer["class"], answer["held"]) == ("ConsumedMessage", [99, 99])
