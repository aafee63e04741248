"""pykafka's offsets by time, in both modes: the first message that is as new; on brokers before 0.10.1 a segment."""

from __future__ import annotations

import datetime
import importlib
import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .draining import drained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

UTC = datetime.timezone.utc
START = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - pykafka takes naive UTC
HOURS = 10  # of one message each, from START on
INSIDE = Path(__file__).with_name("inside_times.py")


def at(hours: float) -> datetime.datetime:
    return START + datetime.timedelta(hours=hours)


@pytest.fixture(scope="module", params=["0.10.0.1", "0.10.2.2", brokers.DEFAULT])
def versioned(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with brokers.start(request.param, Cache.default(), Silent()) as started:
        yield started


def filled(client: Any, address: str) -> Any:
    """A topic of one partition with a message for each hour."""
    name = f"times-{uuid.uuid4()}"
    with client.topics[name].get_producer(linger_ms=10) as producer:
        for hour in range(HOURS):
            producer.produce(b"%d" % hour, timestamp=at(hour))
    topic = client.topics[name]
    assert list(topic.partitions) == [0], address
    return topic


def read_from(topic: Any, when: datetime.datetime, count: int) -> list[int]:
    consumer = topic.get_simple_consumer(consumer_timeout_ms=1000)
    consumer.reset_offsets([(topic.partitions[0], when)])
    values = [int(message.value) for message in drained(consumer, count=count)]
    consumer.stop()
    return values


def test_a_time_leads_to_what_the_documentation_says(pykafka: Any, versioned: Broker) -> None:
    client = pykafka.KafkaClient(versioned.address)
    topic = filled(client, versioned.address)
    now = datetime.datetime.now(UTC) + datetime.timedelta(minutes=1)
    times = {"before": at(-1), "exactly": at(6), "between": at(6.5), "after": at(99), "now": now}
    answers = {name: topic.fetch_offset_limits(when)[0].offset for name, when in times.items()}
    assert {name: topic.partitions[0].fetch_offset_limit(when) for name, when in times.items()} == answers
    if versioned.version == "0.10.0.1":  # its one segment was written to just now
        assert answers == {"before": [], "exactly": [], "between": [], "after": [], "now": [HOURS]}
    else:
        assert answers == {"before": [0], "exactly": [6], "between": [7], "after": [], "now": []}


def test_nothing_as_new_as_the_time_is_missed(pykafka: Any, versioned: Broker) -> None:
    client = pykafka.KafkaClient(versioned.address)
    topic = filled(client, versioned.address)
    everything = list(range(HOURS))
    whole = versioned.version == "0.10.0.1"  # no message has a time that could be looked for
    for when, first in ((-1, 0), (6, 6), (6.5, 7)):
        expected = everything if whole else everything[first:]
        assert read_from(topic, at(when), len(expected)) == expected
    assert read_from(topic, datetime.datetime.now(UTC) + datetime.timedelta(minutes=1), 0) == []


def test_what_is_out_of_range_is_reset_though_a_segment_is_newer_than_the_time(pykafka: Any, versioned: Broker) -> None:
    """With auto_offset_reset=LATEST, a time before all segments led to the end of an old log: all was missed."""
    latest = importlib.import_module("pykafka.common").OffsetType.LATEST
    client = pykafka.KafkaClient(versioned.address)
    topic = filled(client, versioned.address)
    consumer = topic.get_simple_consumer(consumer_timeout_ms=1000, auto_offset_reset=latest)
    consumer.reset_offsets([(topic.partitions[0], at(0))])
    assert [int(message.value) for message in drained(consumer, count=HOURS)] == list(range(HOURS))
    consumer.stop()


def test_no_answer_is_waited_for_where_there_is_none(pykafka: Any, versioned: Broker) -> None:
    """Six seconds were spent on asking again, and None was returned for a list."""
    client = pykafka.KafkaClient(versioned.address)
    topic = filled(client, versioned.address)
    none = at(-1) if versioned.version == "0.10.0.1" else at(99)
    begun = time.monotonic()
    for _ in range(10):
        assert topic.partitions[0].fetch_offset_limit(none) == []
    assert time.monotonic() - begun < 60


def test_times_have_zones_or_are_utc(pykafka: Any) -> None:
    assert pykafka.KafkaClient
    milliseconds = importlib.import_module("pykafka.utils.times").milliseconds
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    assert milliseconds(at(0)) == milliseconds(at(0).replace(tzinfo=UTC)) == 1_704_067_200_000
    assert milliseconds(datetime.datetime(2024, 1, 1, 5, 30, tzinfo=east)) == 1_704_067_200_000
    for magic in (-1, -2):
        assert milliseconds(datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(milliseconds=magic)) == 0


@pytest.mark.parametrize("use_rdkafka", [False, True], ids=["pure", "c"])
def test_both_modes_go_on_from_a_time(pykafka: Any, broker: Broker, pykafka_env: PykafkaEnv, use_rdkafka: bool) -> None:
    client = pykafka.KafkaClient(broker.address)
    topic = filled(client, broker.address)
    arguments = json.dumps(
        {"topic": topic.name.decode(), "times": [(6, 4), (6.5, 3), (99, 0)], "use_rdkafka": use_rdkafka}
    )
    ended = subprocess.run(
        [str(pykafka_env.python), str(INSIDE), broker.address, arguments],
        env=dict(pykafka_env.variables),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert json.loads(ended.stdout.splitlines()[-1]) == [[6, 7, 8, 9], [7, 8, 9], [99]]
