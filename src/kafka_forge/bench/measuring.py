"""One measurement: a topic, one process of a client, and the broker's own count of what arrived."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.bench import workloads
from kafka_forge.bench.loads.load import Request
from kafka_forge.bench.results import PLAIN, Sample
from kafka_forge.brokers import admin, identify
from kafka_forge.errors import BrokerDied, ForgeError, ScenarioBroken
from kafka_forge.ground import processes
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    from kafka_forge.bench.results import Key
    from kafka_forge.bench.roster import Ready
    from kafka_forge.bench.setup import Setup
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import JsonObject

_SETTLE = 5.0
_GRACE = 10.0
_FLUSH_EVERY = 50_000
"""Below queue.buffering.max.messages, so that the queue cannot run full."""


class Bench:
    """Measures cells on one broker, again and again.

    Attributes:
        seen: client → what its loads told about themselves: versions, and settings by direction.
    """

    def __init__(self, broker: Broker, setup: Setup) -> None:
        self.seen: dict[str, JsonObject] = {}
        self._broker, self._setup = broker, setup
        self._filled: dict[tuple[int, Setup], str] = {}
        self._counts: dict[Key, int] = {}

    def fill(self, message_bytes: int, setup: Setup | None = None) -> str:
        """Return the topic that every consumer of this size reads, written once; raise ScenarioBroken if that fails.

        It holds what the quickest one reads; the others leave it where they have what they were asked for.
        """
        from confluent_kafka import Producer

        setup = setup or self._setup
        if (message_bytes, setup) in self._filled:
            return self._filled[message_bytes, setup]
        topic = self._topic(setup)
        request = self.request("default", "produce", topic, message_bytes, setup.most(message_bytes), setup)
        producer = Producer({"bootstrap.servers": self._broker.address, "compression.type": request.codec})
        payload = request.payload
        for number in range(request.messages):
            producer.produce(topic, payload)
            if number % _FLUSH_EVERY == _FLUSH_EVERY - 1:
                producer.flush(setup.seconds)
        producer.flush(setup.seconds)
        if (found := self._settled(topic, request.messages, setup)) != request.messages:
            raise ScenarioBroken(
                f"a topic to consume from could not be filled: {found} of {request.messages} messages are there",
                where=self._broker.address,
                todo="see the broker's log, then run the same command again.",
            )
        self._filled[message_bytes, setup] = topic
        return topic

    def measure(self, client: Ready, key: Key, repetition: int) -> Sample:
        """Measure once; a failure of the client is a sample with its reason.

        The first measurement of a cell says how many messages the later ones have (`Setup.stretched`).

        Raises:
            BrokerDied: the broker ended, which is nobody's figure.
        """
        if client.error or client.python is None:
            return Sample(key, repetition, error=client.error or "it has no Python")
        setup = workloads.BY_ID[key.workload].of(self._setup)
        try:
            topic = self.fill(key.message_bytes, setup) if key.direction == "consume" else self._topic(setup)
            return self._measure(client, key, repetition, topic, setup)
        except BrokerDied:
            raise
        except ForgeError as error:
            self._broker.check()
            return Sample(key, repetition, error=error.what)

    def _measure(self, client: Ready, key: Key, repetition: int, topic: str, setup: Setup) -> Sample:
        messages = self._counts.get(key, setup.count(key.message_bytes))
        request = self.request(client.client.mode, key.direction, topic, key.message_bytes, messages, setup)
        request = replace(request, program=client.program)
        try:
            told = _run(client, request, self._broker)
            if "error" in told:
                return Sample(key, repetition, error=" ".join(told["error"].split()))
            if key.direction == "produce":
                found = self._settled(topic, request.messages + 1, setup)
                if found != request.messages + 1:  # and the one that opened the connection
                    return Sample(key, repetition, error=f"{found - 1} of {request.messages} messages arrived")
        finally:
            if key.direction == "produce":
                admin.delete_topics(self._broker.address, [topic], watch=self._broker.check)
        about = self.seen.setdefault(key.client, {"versions": told["versions"], "settings": {}})
        way = key.direction if key.workload == PLAIN else f"{key.direction}, {key.workload}"
        about["settings"][way] = told["settings"]
        self._counts.setdefault(key, setup.stretched(key.message_bytes, told["seconds"]))
        per_million = 1e6 * told["cpu_seconds"] / told["cpu_messages"]
        return Sample(
            key,
            repetition,
            told["messages"],
            told["seconds"],
            per_million,
            latency_p99=told.get("latency_p99"),
            late_p999=told.get("late_p999"),
        )

    def _topic(self, setup: Setup) -> str:
        name = f"kafka-forge-bench-{uuid.uuid4().hex[:10]}"
        admin.create_topics(self._broker.address, {name: setup.partitions}, watch=self._broker.check)
        return name

    def request(
        self, mode: str, direction: str, topic: str, message_bytes: int, messages: int, setup: Setup | None = None
    ) -> Request:
        """Return what a load is asked to do with these settings, the run's own where there are no others."""
        setup, version = setup or self._setup, self._broker.version
        return Request(
            mode=mode,
            direction=direction,
            address=self._broker.address,
            broker_version=version.rstrip(identify.LATER) if version[:1].isdigit() else "2.0.0",
            topic=topic,
            partitions=setup.partitions,
            messages=messages,
            message_bytes=message_bytes,
            acks=setup.acks,
            codec=setup.codec,
            linger_ms=setup.linger_ms,
            seconds=setup.seconds,
            idempotent=setup.idempotent,
            reports=setup.reports,
            awaited=setup.awaited,
            heartbeat=setup.heartbeat,
        )

    def _settled(self, topic: str, wanted: int, setup: Setup) -> int:
        """Return how many messages the broker says the topic holds; without acks they may still be on their way."""
        deadline = time.monotonic() + _SETTLE
        while (found := _end_offsets(self._broker.address, topic, setup.partitions)) < wanted:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return found

    def tidy(self) -> None:
        """Take the topics away from a broker that outlives us."""
        if self._filled and not self._broker.owned:
            admin.delete_topics(self._broker.address, list(self._filled.values()), watch=self._broker.check)


def _end_offsets(address: str, topic: str, partitions: int) -> int:
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    settings: dict[str, Any] = {"bootstrap.servers": address, "group.id": "kafka-forge-bench", "log_level": 0}
    consumer = Consumer(settings)
    try:
        marks = [consumer.get_watermark_offsets(TopicPartition(topic, each), 10.0) for each in range(partitions)]
    except KafkaException as error:
        raise ScenarioBroken(
            f"the broker does not say how many messages arrived: {error}",
            where=address,
            todo="see the broker's log, then run the same command again.",
        ) from error
    finally:
        consumer.close()
    return sum(high - low for low, high in marks)


def _run(client: Ready, request: Request, broker: Broker) -> JsonObject:
    """Run a load to its end and return what it told; raise ScenarioBroken where it told nothing."""
    with tempfile.TemporaryDirectory(prefix="kafka-forge-load-") as name:
        room = Path(name)
        asked, log = room / "request.json", room / "log"
        asked.write_text(json.dumps(asdict(request)), encoding="utf-8")
        command: list[str | Path] = [client.python or "", "-E", "-s", "-B", client.client.script, asked]
        with (
            log.open("wb") as errors,
            processes.started(command, cwd=room, environment=client.variables, stderr=errors) as child,
        ):
            output = processes.hear(child, request.seconds + _GRACE, broker.check).output
        for line in reversed(output.splitlines()):
            if line.startswith(b"{"):
                told: JsonObject = json.loads(line)
                return told
        said = [line for line in tail(log) if line.strip()]
        raise ScenarioBroken(
            f"no result; the load ended with status {child.returncode}: {said[-1] if said else 'no message'}"
            if child.returncode != 1 or not any("Timeout (" in line for line in said)
            else f"no result within {request.seconds:g} s",
            todo="see the reason above.",
        )
