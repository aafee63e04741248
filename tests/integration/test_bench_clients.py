"""``bench clients`` against a real broker: what is measured has arrived, and a client that cannot says why.

The client is the confluent-kafka of this Python, once as it is and once with a fault: what the recipes build is
measured by the command itself.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from confluent_kafka import Consumer, TopicPartition

from kafka_forge.bench import clients, results, roster, workloads
from kafka_forge.bench.loads import load
from kafka_forge.bench.measuring import Bench
from kafka_forge.bench.results import Key
from kafka_forge.bench.setup import Setup
from kafka_forge.brokers import admin
from kafka_forge.ground.progress import Silent
from kafka_forge.schemas import making as schemas

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

HERE = roster.Ready(roster.BY_ID["confluent_kafka"], Path(sys.executable), dict(os.environ))
IN_LOOP = roster.Ready(roster.BY_ID["confluent_kafka_aio"], Path(sys.executable), dict(os.environ))
MESSAGES = 2000


def test_two_clients_are_measured_twice_and_nothing_is_left_behind(broker: Broker, tmp_path: Path) -> None:
    before = set(admin.describe_topics(broker.address))
    other = replace(HERE, client=roster.BY_ID["confluent_kafka_wheel"])
    setup = Setup(MESSAGES, partitions=2)
    bench, found = Bench(broker, setup), clients.new_results([HERE, other], [100], 2, 1)
    found.conditions = clients.conditions(setup, broker, [100], "embedded", "3.12")
    clients.measure(bench, [HERE, other], found, Silent(), lambda so_far: results.save(so_far, tmp_path / "run.json"))
    schema = json.loads(schemas.BENCH_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((tmp_path / "run.json").read_text(encoding="utf-8")), schema)
    rows = results.load_rows(tmp_path / "run.json")
    assert [(row["client"], row["direction"]) for row in rows] == [
        ("confluent_kafka", "produce"),
        ("confluent_kafka_wheel", "produce"),
        ("confluent_kafka", "consume"),
        ("confluent_kafka_wheel", "consume"),
    ]
    for row in rows:
        assert (row["repetitions"], row["failures"]) == (2, [])
        assert 0 < row["low"] <= row["messages_per_second"] <= row["high"]
        assert row["cpu_seconds_per_million"] > 0
    left = set(admin.describe_topics(broker.address)) - before
    assert len([name for name in left if name.startswith("kafka-forge-bench")]) == 1  # what consumers read


def test_messages_that_do_not_arrive_are_a_failure_and_no_figure(broker: Broker, tmp_path: Path) -> None:
    """A client that drops every tenth message would be quick."""
    script = tmp_path / "use_dropping.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(HERE.client.script.parent)!r}]\n"
        "import confluent_kafka\n"
        "class Dropping(confluent_kafka.Producer):\n"
        "    made = 0\n"
        "    def produce(self, *rest):\n"
        "        self.made += 1\n"
        "        return super().produce(*rest) if self.made % 10 else None\n"
        "confluent_kafka.Producer = Dropping\n"
        "import load, use_confluent_kafka\n"
        "load.run(use_confluent_kafka.produce, use_confluent_kafka.consume)\n",
        encoding="utf-8",
    )
    dropping = replace(HERE, client=replace(HERE.client, load=str(script.with_suffix(""))))
    sample = Bench(broker, Setup(MESSAGES)).measure(dropping, Key("confluent_kafka", "produce", 100), 1)
    assert sample.error == "1800 of 2000 messages arrived"
    assert sample.rate == 0


@pytest.mark.parametrize("workload", [each.id for each in workloads.WORKLOADS if each.id != "loop"])
def test_every_workload_is_measured_with_the_settings_that_it_is_about(broker: Broker, workload: str) -> None:
    bench, chosen = Bench(broker, Setup(MESSAGES)), workloads.BY_ID[workload]
    for direction in chosen.directions:
        sample = bench.measure(HERE, Key("confluent_kafka", direction, 100, workload), 1)
        assert sample.error is None
        assert sample.rate > 0
    told = bench.seen["confluent_kafka"]["settings"]
    (produced,) = [settings for way, settings in told.items() if way.startswith("produce")]
    assert produced["enable.idempotence"] is (workload == "idempotent")
    assert produced["acks"] == ("all" if workload == "idempotent" else "1")
    assert produced["compression.type"] == ("lz4" if workload == "lz4" else "none")
    assert produced["linger.ms"] == (0 if workload == "awaited" else 5)


def test_messages_that_are_awaited_one_by_one_say_how_long_they_took(broker: Broker) -> None:
    sample = Bench(broker, Setup(MESSAGES)).measure(HERE, Key("confluent_kafka", "produce", 100, "awaited"), 1)
    assert sample.error is None
    assert sample.latency_p99 is not None
    assert 0 < sample.latency_p99 < sample.seconds


def test_messages_that_take_too_long_one_by_one_are_given_up_at_once(broker: Broker) -> None:
    """The index's asyncio classes take two seconds for each: buffer_timeout until it is sent, and until it is told."""
    key = Key("confluent_kafka_aio", "produce", 100, "awaited")
    sample = Bench(broker, Setup(MESSAGES)).measure(IN_LOOP, key, 1)
    assert sample.error is not None
    assert re.fullmatch(r"TimeoutError: a message took [\d.]+ s: 5000 do not fit into 120 s", sample.error)


@pytest.mark.parametrize("direction", ["produce", "consume"])
def test_a_heartbeat_in_the_loop_says_how_late_it_came(broker: Broker, direction: str) -> None:
    key = Key("confluent_kafka_aio", direction, 100, "loop")
    sample = Bench(broker, Setup(50 * MESSAGES)).measure(IN_LOOP, key, 1)
    assert sample.error is None
    assert sample.late_p999 is not None
    assert 0 < sample.late_p999 < sample.seconds + 1
    assert sample.latency_p99 is None


def test_a_heartbeat_comes_late_where_the_loop_is_held_up(broker: Broker, tmp_path: Path) -> None:
    script = tmp_path / "use_blocking.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:0] = [{str(HERE.client.script.parent)!r}]\n"
        "import load, looped, use_confluent_kafka_aio as client\n"
        "class Late(client.AIOProducer):\n"
        "    async def flush(self, *rest):\n"
        "        await super().flush(*rest)\n"
        "        await client.asyncio.sleep(0.02)\n"
        "        time.sleep(0.3)\n"
        "        await client.asyncio.sleep(0.02)\n"
        "client.AIOProducer = Late\n"
        "load.run(client.produce, client.consume, has_loop=True)\n",
        encoding="utf-8",
    )
    blocking = replace(IN_LOOP, client=replace(IN_LOOP.client, load=str(script.with_suffix(""))))
    sample = Bench(broker, Setup(50)).measure(blocking, Key("confluent_kafka_aio", "produce", 100, "loop"), 1)
    assert sample.late_p999 is not None
    assert sample.late_p999 > 0.25


def test_a_client_without_a_loop_says_so(broker: Broker) -> None:
    sample = Bench(broker, Setup(MESSAGES)).measure(HERE, Key("confluent_kafka", "produce", 100, "loop"), 1)
    assert sample.error == "ValueError: it has no loop of asyncio in which something else could beat"


def test_the_log_holds_the_keys_and_headers_of_the_workload_with_reports(broker: Broker, tmp_path: Path) -> None:
    topic = f"kafka-forge-bench-{uuid.uuid4().hex[:10]}"
    admin.create_topics(broker.address, {topic: 1}, watch=broker.check)
    request = Bench(broker, Setup(5, reports=True)).request("default", "produce", topic, 100, 5)
    (tmp_path / "request.json").write_text(json.dumps(asdict(request)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, HERE.client.script, tmp_path / "request.json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["messages"] == 5
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": topic})
    try:
        consumer.assign([TopicPartition(topic, 0, 1)])  # behind the one that opened the connection
        found = consumer.consume(5, 90.0)
    finally:
        consumer.close()
    assert [(each.key(), each.headers()) for each in found] == [(load.KEY, load.HEADERS)] * 5


def test_a_report_that_is_missing_is_a_failure_and_no_figure(broker: Broker, tmp_path: Path) -> None:
    """A client that forgets to call back would be quick, too; its messages do arrive."""
    script = tmp_path / "use_forgetting.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(HERE.client.script.parent)!r}]\n"
        "import confluent_kafka\n"
        "class Forgetting(confluent_kafka.Producer):\n"
        "    made = 0\n"
        "    def produce(self, *rest, on_delivery=None, **named):\n"
        "        self.made += 1\n"
        "        return super().produce(*rest, on_delivery=on_delivery if self.made % 10 else None, **named)\n"
        "confluent_kafka.Producer = Forgetting\n"
        "import load, use_confluent_kafka\n"
        "load.run(use_confluent_kafka.produce, use_confluent_kafka.consume)\n",
        encoding="utf-8",
    )
    forgetting = replace(HERE, client=replace(HERE.client, load=str(script.with_suffix(""))))
    key = Key("confluent_kafka", "produce", 100, "reports")
    sample = Bench(broker, Setup(MESSAGES)).measure(forgetting, key, 1)
    assert sample.error == "ValueError: 1800 of 2000 messages were reported as delivered"
    assert sample.rate == 0


def test_a_load_that_hangs_ends_by_itself(broker: Broker, tmp_path: Path) -> None:
    script = tmp_path / "use_hanging.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:0] = [{str(HERE.client.script.parent)!r}]\n"
        "import load\n"
        "load.run(lambda _request: time.sleep(600), None)\n",
        encoding="utf-8",
    )
    hanging = replace(HERE, client=replace(HERE.client, load=str(script.with_suffix(""))))
    sample = Bench(broker, Setup(MESSAGES, seconds=1.0)).measure(hanging, Key("confluent_kafka", "produce", 100), 1)
    assert sample.error == "no result within 1 s"
