"""kafka-tools, the program that pykafka installs: every command of it, as it is installed, on a real broker."""

from __future__ import annotations

import calendar
import importlib
import itertools
import json
import subprocess
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic  # type: ignore[attr-defined]

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .kafka_tools import SECONDS, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

NOON_2024 = calendar.timegm((2024, 2, 29, 12, 0, 0))
"""2024-02-29T12:00:00Z in seconds since 1970."""


@pytest.fixture
def tools(pykafka_env: PykafkaEnv, broker: Broker) -> Tools:
    return Tools(pykafka_env, broker.address)


@pytest.fixture(scope="module")
def admin(broker: Broker) -> Any:
    return AdminClient({"bootstrap.servers": broker.address})


def new_topic(admin: Any, partitions: int = 1) -> str:
    """A new topic whose leaders answer."""
    name = f"tools-{uuid.uuid4()}"
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
    return name


def fill(address: str, topic: str, values: Sequence[bytes | None], times: Sequence[int] = ()) -> None:
    """Write to partition 0; the times are in seconds since 1970."""
    producer = Producer({"bootstrap.servers": address})
    for value, seconds in itertools.zip_longest(values, times, fillvalue=0):
        producer.produce(topic, value, partition=0, timestamp=seconds * 1000)  # type: ignore[arg-type]
    assert producer.flush(30) == 0


def committed(admin: Any, group: str, topic: str) -> dict[int, int]:
    """A group's offsets, as librdkafka's admin client sees them."""
    asked = ConsumerGroupTopicPartitions(group)
    found = admin.list_consumer_group_offsets([asked])[group].result()
    return {one.partition: one.offset for one in found.topic_partitions if one.topic == topic}


def commit(address: str, group: str, topic: str, offsets: dict[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": address, "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, *pair) for pair in offsets.items()], asynchronous=False)
    consumer.close()


@pytest.fixture
def member(broker: Broker) -> Iterator[Any]:
    """Makes members of groups that have partitions, and takes them out at the end."""
    made = []

    def join(group: str, topic: str, protocol: str) -> None:
        settings = {"bootstrap.servers": broker.address, "group.id": group, "group.protocol": protocol}
        consumer = Consumer(settings)
        made.append(consumer)
        consumer.subscribe([topic])
        deadline = time.monotonic() + SECONDS
        while not consumer.assignment():
            assert time.monotonic() < deadline, "no partition was assigned"
            consumer.poll(0.1)

    yield join
    for consumer in made:
        consumer.close()


# -------------------------------------------------------------------------------------------------------- topics


def test_topics_are_listed_and_described(tools: Tools, admin: Any) -> None:
    topic = new_topic(admin, 3)
    assert [topic, "3", "1"] in tools.succeed("print_topics").rows()
    described = tools.succeed("desc_topic", topic)
    assert described.out[:3] == [f"Topic: {topic}", "Partitions: 3", "Replicas: 1"]
    node = str(next(iter(admin.list_topics().brokers)))
    assert described.rows() == [[str(number), node, f"[{node}]", f"[{node}]"] for number in range(3)]


def test_topics_are_created_as_json_says_and_deleted(tools: Tools, admin: Any) -> None:
    topic, plain = f"tools-{uuid.uuid4()}", f"tools-{uuid.uuid4()}"
    node = next(iter(admin.list_topics().brokers))
    config = {"retention.ms": 60_000, "cleanup.policy": "compact", "preallocate": True}
    assignment = {"0": [node], "1": [node]}
    tools.succeed("create_topic", topic, "-a", json.dumps(assignment), "-c", json.dumps(config))
    tools.succeed("create_topic", plain, "-p", "2", "-r", "1")
    listed = admin.list_topics().topics
    assert {name: len(listed[name].partitions) for name in (topic, plain)} == {topic: 2, plain: 2}
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found = admin.describe_configs([resource])[resource].result()
    assert [found[name].value for name in config] == ["60000", "compact", "true"]

    tools.succeed("delete_topic", topic)
    again = tools.run("delete_topic", topic)
    assert again.status == 1
    assert again.error == [f"kafka-tools delete_topic: UnknownTopicOrPartition: topic '{topic}'"]


def test_topics_are_created_and_deleted_without_a_timeout_of_ones_own(pykafka: Any, broker: Broker, admin: Any) -> None:
    """With that of 0, which both functions had, a broker of KRaft does nothing but answer RequestTimedOut."""
    topic = f"tools-{uuid.uuid4()}"
    request = importlib.import_module("pykafka.protocol").CreateTopicRequest(topic.encode(), 1, 1, [], [])
    controller = pykafka.KafkaClient(broker.address).cluster.controller_broker
    controller.create_topics([request])
    assert topic in admin.list_topics().topics
    controller.delete_topics([topic.encode()])
    assert topic not in admin.list_topics().topics


def test_a_timeout_of_0_is_a_failure(tools: Tools) -> None:
    topic = f"tools-{uuid.uuid4()}"
    ended = tools.run("create_topic", topic, "--timeout", "0")
    assert (ended.status, ended.error) == (1, [f"kafka-tools create_topic: RequestTimedOut: topic '{topic}'"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-a", "{"], "argument -a/--replica_assignment: '{' is not JSON"),
        (["-a", "[1]"], "argument -a/--replica_assignment: '[1]' is not a JSON object"),
        (["-a", '{"0": 1}'], "argument -a/--replica_assignment: partition '0' has 1, not a list"),
        (["-a", '{"first": [1]}'], "argument -a/--replica_assignment: partition 'first'"),
        (["-a", '{"0": [true]}'], "argument -a/--replica_assignment: partition '0' has [true]"),
        (["-c", '{"retention.ms": null}'], "argument -c/--config_entries: 'retention.ms' has null"),
        (["-c", "{}"], "argument -c/--config_entries: '{}' is not a JSON object with something in it"),
        (["-p", "many"], "argument -p/--num_partitions: invalid int value"),
    ],
)
def test_what_create_topic_cannot_read_is_refused_by_name(tools: Tools, options: list[str], said: str) -> None:
    ended = tools.run("create_topic", "tools-never", *options)
    assert ended.status == 2
    assert said in ended.error[-1]


# ------------------------------------------------------------------------------------------------------- offsets


def test_offsets_are_reset(tools: Tools, admin: Any) -> None:
    """And to a time: the first message that is not older (KIP-79)."""
    topic, group = new_topic(admin, 2), f"tools-{uuid.uuid4()}"
    fill(tools.address, topic, [b"a", b"b", b"c"], [NOON_2024, NOON_2024 + 60, NOON_2024 + 120])
    assert tools.succeed("reset_offsets", topic, group, "LATEST").rows() == [["0", "3"], ["1", "0"]]
    assert committed(admin, group, topic) == {0: 3, 1: 0}
    tools.succeed("reset_offsets", topic, group, "earliest")
    assert committed(admin, group, topic) == {0: 0, 1: 0}
    for when, offset in (("2024-02-29T12:00:00", 0), ("2024-02-29T12:00:01", 1), ("2024-02-29T12:02:00", 2)):
        tools.succeed("reset_offsets", topic, group, when)
        assert committed(admin, group, topic)[0] == offset
        assert tools.succeed("print_offsets", topic, when).rows()[0] == ["0", str(offset)]


def test_a_time_after_the_last_message_means_the_end(tools: Tools, admin: Any) -> None:
    topic, group = new_topic(admin, 2), f"tools-{uuid.uuid4()}"
    fill(tools.address, topic, [b"a", b"b"], [NOON_2024, NOON_2024])
    reset = tools.succeed("reset_offsets", topic, group, "2024-02-29T12:00:01")
    assert reset.out[-1] == "No message of partition 1 is as new as 2024-02-29T12:00:01: the offset is the end."
    assert committed(admin, group, topic) == {0: 2, 1: 0}
    assert tools.succeed("print_offsets", topic, "2024-02-29T12:00:01").out == reset.out


def test_brokers_that_know_the_times_of_segments_only(pykafka_env: PykafkaEnv) -> None:
    with brokers.start("0.10.0.1", Cache.default(), Silent()) as old:
        tools, topic = Tools(pykafka_env, old.address), "segments"
        wait_until(lambda: created_on_demand(old.address, topic))
        fill(old.address, topic, [b"a", b"b", b"c"])
        reset = tools.succeed("reset_offsets", topic, "g", "1971-01-01T00:00:00")
        assert (
            reset.out[-1] == "No segment of partition 0 is older than 1971-01-01T00:00:00: the offset is the earliest."
        )
        assert tools.succeed("print_consumer_lag", topic, "g").rows() == [["0", "3", "3", "0"]]
        tools.succeed("reset_offsets", topic, "g", "2100-01-01T00:00:00")
        assert tools.succeed("print_consumer_lag", topic, "g").rows() == [["0", "0", "3", "3"]]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def created_on_demand(address: str, topic: str) -> bool:
    """Ask for a topic, which makes a broker of the time create it; whether it is there."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "asks", "allow.auto.create.topics": True})
    try:
        return bool(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    finally:
        consumer.close()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_offsets_of_a_group_with_members_are_not_reset(tools: Tools, admin: Any, member: Any, protocol: str) -> None:
    topic, group = new_topic(admin), f"tools-{uuid.uuid4()}"
    commit(tools.address, group, topic, {0: 0})
    fill(tools.address, topic, [b"a"])
    member(group, topic, protocol)
    ended = tools.run("reset_offsets", topic, group, "LATEST")
    assert (ended.status, ended.out) == (1, [])
    text = f"The offsets of group {group} were not committed: it has members, stop them first"
    assert [line.partition(": ")[2].partition(": ")[2] for line in ended.error] == [text]
    assert committed(admin, group, topic) == {0: 0}


@pytest.mark.parametrize("offset", ["yesterday", "2024-02-30T00:00:00", "1969-12-31T23:59:59", "", "5"])
def test_what_is_no_offset_is_refused_by_name(tools: Tools, offset: str) -> None:
    ended = tools.run("print_offsets", "tools-never", offset)
    assert ended.status == 2
    assert f"argument OFFSET: '{offset}' is" in ended.error[-1]


# -------------------------------------------------------------------------------------------------------- groups


def test_the_lag_counts_where_a_group_has_offsets(tools: Tools, admin: Any) -> None:
    topic, group = new_topic(admin, 2), f"tools-{uuid.uuid4()}"
    fill(tools.address, topic, [b"%d" % number for number in range(1500)])
    commit(tools.address, group, topic, {0: 250})
    lag = tools.succeed("print_consumer_lag", topic, group)
    assert lag.rows() == [["0", "1,250", "1500", "250"], ["1", "-", "0", "-"]]
    assert lag.out[-2:] == [" Total lag: 1,250 messages.", " Of 1 of 2 partitions the group has no offset."]
    commit(tools.address, group, topic, {1: 0})
    assert tools.succeed("print_consumer_lag", topic, group).out[-1] == " Total lag: 1,250 messages."


def test_groups_of_both_protocols_are_described(tools: Tools, admin: Any, member: Any) -> None:
    """Beside a group of another topic, and one whose members are gone."""
    topic, other = new_topic(admin), new_topic(admin)
    classic, new, elsewhere, empty = (f"tools-{name}-{uuid.uuid4()}" for name in ("c", "n", "e", "m"))
    member(classic, topic, "classic")
    member(new, topic, "consumer")
    member(elsewhere, other, "consumer")
    commit(tools.address, empty, topic, {0: 0})
    seen = tools.succeed("print_managed_consumer_groups", topic)
    assert seen.out[0] == f"Topic: {topic}"
    described = admin.describe_consumer_groups([classic, new])
    states = {group: described[group].result() for group in (classic, new)}
    assert {row[0]: row[1:] for row in seen.rows()} == {
        classic: ["Stable", states[classic].partition_assignor, "consumer"],
        new: ["Stable", states[new].partition_assignor, "consumer"],
    }


# ------------------------------------------------------------------------------------------------------ messages


@pytest.mark.parametrize("to_file", [False, True])
def test_a_topic_is_dumped(tools: Tools, admin: Any, tmp_path: Path, to_file: bool) -> None:
    """From the next message on, whatever the encoding of the environment; what is not UTF-8 is replaced."""
    topic, target = new_topic(admin), tmp_path / "dumped"
    options = ["-l", "4", *(["-o", str(target)] if to_file else [])]
    program = subprocess.Popen(
        tools.command("consume_topic", topic, *options),
        env={**tools.env.variables, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + SECONDS
    while program.poll() is None:
        assert time.monotonic() < deadline, "it does not end"
        fill(tools.address, topic, ["grüße".encode(), None, b"\xff"])
    out, error = program.communicate()
    assert (program.returncode, error) == (0, b"")
    lines = (target.read_bytes() if to_file else out).decode().split("\n")
    assert lines.pop() == ""
    cycle = ["grüße", "", "\ufffd"]
    first = cycle.index(lines[0])
    assert lines == [cycle[(first + number) % 3] for number in range(4)]
    assert not [group for group in admin.list_consumer_groups().result().valid if group.group_id == "pykafka_cli"]


def test_a_file_that_cannot_be_written_is_refused(tools: Tools, tmp_path: Path) -> None:
    ended = tools.run("consume_topic", "tools-never", "-o", str(tmp_path / "none" / "file"))
    assert ended.status == 2
    assert "argument -o/--outfile" in ended.error[-1]


# ------------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["desc_topic", "tools-none"], "kafka-tools desc_topic: Topic tools-none does not exist."),
        (["consume_topic", "tools-none"], "kafka-tools consume_topic: Topic tools-none does not exist."),
        (["print_offsets", "tools-none", "LATEST"], "kafka-tools print_offsets: Topic tools-none does not exist."),
        (
            ["reset_offsets", "tools-none", "g", "LATEST"],
            "kafka-tools reset_offsets: Topic tools-none does not exist.",
        ),
        (["print_consumer_lag", "tools-none", "g"], "kafka-tools print_consumer_lag: Topic tools-none does not exist."),
        (
            ["print_consumer_lag", "TOPIC", "tools-no-group"],
            "kafka-tools print_consumer_lag: Consumer group tools-no-group does not exist.",
        ),
        (
            ["print_managed_consumer_groups", "tools-none"],
            "kafka-tools print_managed_consumer_groups: Topic tools-none does not exist.",
        ),
        (["create_topic", "TOPIC"], "kafka-tools create_topic: TopicAlreadyExists: topic 'TOPIC': Topic 'TOPIC' al"),
        (["create_topic", "a/b"], "kafka-tools create_topic: InvalidTopic: topic 'a/b': "),
        (["create_topic", "tools-r", "-r", "9"], "kafka-tools create_topic: InvalidReplicationFactor: "),
        (["create_topic", "tools-a", "-p", "2", "-a", '{"0": [1]}'], "kafka-tools create_topic: -p and -r cannot be"),
        (["delete_topic", "tools-none"], "kafka-tools delete_topic: UnknownTopicOrPartition: topic 'tools-none'"),
    ],
)
def test_a_failed_command_is_one_line_and_a_status(tools: Tools, admin: Any, arguments: list[str], said: str) -> None:
    topic = new_topic(admin)
    ended = tools.run(*(argument.replace("TOPIC", topic) for argument in arguments))
    assert (ended.status, ended.out, len(ended.error)) == (1, [], 1), ended
    assert ended.error[0].startswith(said.replace("TOPIC", topic))
    assert "tools-none" not in admin.list_topics().topics


def test_where_no_broker_answers_one_line_says_so(tools: Tools) -> None:
    nowhere = Tools(tools.env, "127.0.0.1:1")
    ended = nowhere.run("print_topics")
    assert (ended.status, ended.out) == (1, [])
    assert ended.error == ["kafka-tools print_topics: no broker could be reached (--verbose shows the log)"]
    assert len(nowhere.run("-v", "print_topics").error) > 1


def test_output_that_nobody_takes_is_a_failure(tools: Tools) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        ended = subprocess.run(
            tools.command("print_topics"),
            env=tools.env.variables,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines() == [
        "kafka-tools print_topics: OSError: [Errno 28] No space left on device"
    ]


def test_no_command_is_a_request_for_help(tools: Tools) -> None:
    ended = tools.succeed()
    assert ended.out[0].startswith("usage: kafka-tools")
