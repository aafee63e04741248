"""Every legal combination of pykafka's arguments starts on the real librdkafka, or says which argument cannot be."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

SIZES = st.integers(1, 2**40) | st.integers(1, 5000) | st.sampled_from([10**6, 10**7, 10**8, 10**9, 2**31 - 1])
WAITS = st.integers(0, 10**6) | st.sampled_from([0, 1, 300_000, 300_001, 900_000, 900_001])
CONSUMERS = st.fixed_dictionaries(
    {},
    optional={
        "fetch_message_max_bytes": SIZES,
        "queued_max_messages": SIZES,
        "fetch_min_bytes": SIZES,
        "fetch_wait_max_ms": WAITS,
        "fetch_error_backoff_ms": WAITS.filter(bool),
        "socket_timeout_ms": st.sampled_from([20_000, 30_000, 300_000, 300_001]),
        "auto_offset_reset": st.sampled_from([-1, -2]),
    },
)
PRODUCERS = st.fixed_dictionaries(
    {},
    optional={
        "compression": st.integers(0, 2),
        "max_retries": WAITS,
        "retry_backoff_ms": WAITS.filter(bool),
        "retry_backoff_max_ms": WAITS.filter(bool),
        "delivery_timeout_ms": st.just(-1),
        "enable_idempotence": st.sampled_from([None, False]),
        "required_acks": st.integers(-1, 3),
        "ack_timeout_ms": WAITS,
        "max_queued_messages": SIZES,
        "min_queued_messages": SIZES,
        "linger_ms": WAITS,
        "max_request_size": SIZES,
        "sync": st.booleans(),
        "delivery_reports": st.booleans(),
        "socket_timeout_ms": st.sampled_from([20_000, 30_000, 300_000, 300_001]),
    },
)
LIMITS = {
    "fetch_message_max_bytes": (1, 10**9),
    "fetch_min_bytes": (1, 10**8),
    "fetch_wait_max_ms": (0, 300_000),
    "fetch_error_backoff_ms": (0, 300_000),
    "socket_timeout_ms": (10, 300_000),
    "max_retries": (0, 2**31 - 1),
    "retry_backoff_ms": (1, 300_000),
    "retry_backoff_max_ms": (1, 300_000),
    "ack_timeout_ms": (0, 900_000),
    "max_queued_messages": (0, 2**31 - 1),
    "min_queued_messages": (1, 10**6),
    "linger_ms": (0, 900_000),
    "max_request_size": (1000, 10**9),
}
DELIVERY_TIMEOUT_MS = 120_000  # where it is not given: no message may linger longer
OFTEN = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Maker:
    """A process in the environment that makes one client after the other."""

    def __init__(self, env: PykafkaEnv, address: str, topic: str, kind: str) -> None:
        self.process = subprocess.Popen(
            env.command("try_each", address, topic=topic, kind=kind),
            env=env.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, arguments: dict[str, Any]) -> str:
        """Make a client; return what was raised, or nothing."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return str(json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self.process.communicate(timeout=20)


def maker(env: PykafkaEnv, address: str, kind: str) -> Iterator[Maker]:
    topic = f"pykafka-config-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    made = Maker(env, address, topic, kind)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def make_consumer(broker: Broker, pykafka_env: PykafkaEnv) -> Iterator[Maker]:
    """Makes consumers."""
    yield from maker(pykafka_env, broker.address, "consumer")


@pytest.fixture(scope="module")
def make_producer(broker: Broker, pykafka_env: PykafkaEnv) -> Iterator[Maker]:
    """Makes producers."""
    yield from maker(pykafka_env, broker.address, "producer")


def beyond(arguments: dict[str, Any]) -> set[str]:
    """The arguments that librdkafka has no room for (CONFIGURATION.md)."""
    ignored = {"linger_ms", "min_queued_messages"} if arguments.get("sync") else set()
    limits = LIMITS if "delivery_timeout_ms" in arguments else {**LIMITS, "linger_ms": (0, DELIVERY_TIMEOUT_MS)}
    return {
        name
        for name, value in arguments.items()
        if name in limits and name not in ignored and not limits[name][0] <= value <= limits[name][1]
    }


def check(raised: str, arguments: dict[str, Any]) -> None:
    """It starts; or the error names an argument that is out of range, and its value."""
    too_much = beyond(arguments)
    assert bool(raised) == bool(too_much), raised
    if raised:
        assert raised.startswith("ValueError: "), raised
        assert any(f"{name}={arguments[name]} " in raised for name in too_much), raised


@OFTEN
@given(arguments=CONSUMERS)
@example(arguments={})
@example(arguments={"fetch_message_max_bytes": 1, "queued_max_messages": 1})
@example(arguments={"fetch_message_max_bytes": 10**9, "queued_max_messages": 10**9})
def test_a_consumer_starts_or_names_the_argument(make_consumer: Maker, arguments: dict[str, Any]) -> None:
    check(make_consumer(arguments), arguments)


@OFTEN
@given(arguments=PRODUCERS)
@example(arguments={})
@example(arguments={"max_retries": 0, "linger_ms": 900_000, "ack_timeout_ms": 0, "delivery_timeout_ms": -1})
def test_a_producer_starts_or_names_the_argument(make_producer: Maker, arguments: dict[str, Any]) -> None:
    check(make_producer(arguments), arguments)
