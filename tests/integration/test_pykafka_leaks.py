"""Nothing is left of pykafka's clients that were stopped or forgotten: no socket, no thread, no greenlet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.brokers import Broker
    from tests.integration.pykafka_env import PykafkaEnv

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it is told by /proc"),
]

INSIDE = Path(__file__).with_name("inside_leaks.py")


def left(python: str, tree: str, broker: Broker, handler: str, env: Mapping[str, str] | None = None) -> Any:
    """Run inside_leaks; return what it found, when it has ended and said nothing to stderr."""
    topic = f"pykafka-leaks-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    command = [python, "-X", "faulthandler", str(INSIDE), tree, broker.address, topic, handler]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert ran.stderr == ""
    return json.loads(ran.stdout.splitlines()[-1])


def test_no_socket_and_no_thread_is_left(pykafka: Any, broker: Broker) -> None:
    tree = str(Path(pykafka.__file__).parents[1])
    assert left(sys.executable, tree, broker, "threads") == {"stopped": [], "forgotten": []}


def test_no_socket_and_no_greenlet_is_left(pykafka_env: PykafkaEnv, broker: Broker) -> None:
    found = left(str(pykafka_env.python), os.devnull, broker, "greenlets", pykafka_env.variables)
    assert found == {"stopped": [], "forgotten": []}
