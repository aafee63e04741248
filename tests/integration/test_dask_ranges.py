"""dask-kafka-ranges as the recipe makes it: what it says is wrong; and with ``--long``, its promise as a whole."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from kafka_forge import platforms
from kafka_forge.brokers import admin
from kafka_forge.checks import judging
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.scenarios import corpus
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Verdict

from . import artifacts
from .broker_tools import produce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import CheckResult, Environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),  # it builds what is not built yet
    pytest.mark.skipif(platforms.current() != "linux-64", reason="bootstrap/python/beside.json is for linux-64"),
]

PROMISE = Contract(version=1, promises={"roundtrip-dask": {"modes": ["dask"]}})


@pytest.fixture(scope="module")
def ranges() -> Iterator[Environment]:
    with artifacts.installed("dask-kafka-ranges") as made:
        yield made


@pytest.fixture(scope="module")
def kept(ranges: Environment, broker: Broker) -> dict[str, CheckResult]:
    seen = roundtrip.run(ranges, PROMISE, broker, Silent())
    return {each.id: each for each in judging.judge(PROMISE, seen, stage="roundtrip")}


@pytest.mark.long  # `verify` proves just that of the same artifact
@pytest.mark.parametrize("case", corpus.DASK_CASES)
def test_the_promise_holds(kept: dict[str, CheckResult], case: str) -> None:
    result = kept[f"roundtrip-dask[dask/{case}]"]
    assert result.verdict is Verdict.PASS, result


def ask(made: Environment, broker: Broker, case: str, topic: str = "") -> tuple[str, Any]:
    """Return the topic of a case, which is new and has two partitions if none is named, and the case's answer."""
    if not topic:
        topic = f"dask-{uuid.uuid4().hex}"
        admin.create_topics(broker.address, {topic: 2}, watch=broker.check)
    program = Path(__file__).with_name("inside_dask.py")
    command = [str(made.interpreter), "-E", "-s", "-B", str(program), case, broker.address, topic]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return topic, json.loads(ended.stdout.splitlines()[-1])


def test_what_is_wrong_is_said_where_it_belongs_and_can_be_pickled(ranges: Environment, broker: Broker) -> None:
    topic, found = ask(ranges, broker, "errors")
    assert found["silent"].pop("code") in ("_TRANSPORT", "_ALL_BROKERS_DOWN")  # whichever librdkafka told last
    seen = {case: (each["kind"], each.get("code"), each["where"]) for case, each in found.items()}
    assert seen == {
        "topic": ("TopicNotThere", "UNKNOWN_TOPIC_OR_PART", [f"{topic}-none", None, None]),
        "partition": ("TopicNotThere", None, [topic, 7, None]),
        "offset": ("OffsetOutOfRange", None, [topic, 0, 11]),
        "broker": ("BrokerNotThere", "_TRANSPORT", [topic, None, None]),
        "json": ("MessageNotDecodable", None, [topic, 1, 10]),
        "beyond": ("RangeNotReadable", None, [topic, 0, 10]),
        "silent": ("BrokerNotThere", None, [topic, 0, 0]),
        "encode": ("MessageNotEncodable", None, [topic, None, None]),
    }, found
    assert all(each["same"] for each in found.values())


def test_a_range_that_retention_has_taken_is_named(ranges: Environment, broker: Broker) -> None:
    topic = f"dask-{uuid.uuid4().hex}"
    admin.create_topics(broker.address, {topic: 1}, watch=broker.check)
    produce(broker.address, topic, 20)
    # the toolkit's own client: that of the recipe, 2.14.2, may end the process there
    client = AdminClient({"bootstrap.servers": broker.address})
    (deleted,) = client.delete_records([TopicPartition(topic, 0, 7)]).values()
    deleted.result(60)
    topic, found = ask(ranges, broker, "gone", topic)
    assert (found["kind"], found["where"], found["same"]) == ("OffsetOutOfRange", [topic, 0, 0], True), found


def test_a_group_that_was_moved_ends_the_job(ranges: Environment, broker: Broker) -> None:
    topic, found = ask(ranges, broker, "moved")
    assert (found["kind"], found["where"][0], found["same"]) == ("CheckpointMoved", topic, True), found


def test_a_consumer_reads_on_where_it_is(ranges: Environment, broker: Broker) -> None:
    _, found = ask(ranges, broker, "warm")
    assert found == {"made": 2, "read": [[*range(each, each + 5)] for each in (0, 5, 15, 10)]}


def test_a_worker_without_the_package_says_so(ranges: Environment, broker: Broker) -> None:
    _, found = ask(ranges, broker, "absent")
    assert found["kind"] == "ModuleNotFoundError", found
    assert "cannot use dask-kafka-ranges" in found["text"]
