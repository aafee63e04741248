"""Two workers of pykafka that lose their connection to a real broker at once, and make it anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.brokers import Broker
    from tests.integration.pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

INSIDE = Path(__file__).with_name("inside_reconnect.py")
NEWEST_PRODUCE = 13  # of Kafka 4: one that is taken for a 0.9 broker has 0


def reconnecting(
    python: str, tree: str, broker: Broker, handler: str, rounds: int, env: Mapping[str, str] | None = None
) -> Any:
    command = [python, "-X", "faulthandler", str(INSIDE), tree, broker.address, handler, str(rounds)]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=500, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_threads_reconnect_at_once(pykafka: Any, broker: Broker) -> None:
    """One of 300 reconnects hung for the socket's 30 s, and the broker was taken for a 0.9 one from then on."""
    tree = str(Path(pykafka.__file__).parents[1])
    assert reconnecting(sys.executable, tree, broker, "threads", 300) == {"wrong": [], "newest": [NEWEST_PRODUCE]}


def test_greenlets_reconnect_at_once(pykafka_env: PykafkaEnv, broker: Broker) -> None:
    """One of 20 reconnects was a ConcurrentObjectUseError."""
    found = reconnecting(str(pykafka_env.python), os.devnull, broker, "greenlets", 100, pykafka_env.variables)
    assert found == {"wrong": [], "newest": [NEWEST_PRODUCE]}
