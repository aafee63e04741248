"""pykafka with greenlets instead of threads, in the environment of the recipe's artifact, against a real broker."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from tests.integration.pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

INSIDE = Path(__file__).with_name("inside_gevent.py")
SENT = 5000 + 1 + 20


def test_greenlets_produce_and_consume_and_no_retry_blocks_the_others(pykafka_env: PykafkaEnv, broker: Broker) -> None:
    """Twenty greenlets with producers of their own end, too; Parsely/pykafka#739 is one that did not."""
    topic = f"pykafka-gevent-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    command = [str(pykafka_env.python), "-X", "faulthandler", str(INSIDE), broker.address, topic]
    done = subprocess.run(command, env=pykafka_env.variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["ended"], answer["simple"], answer["balanced"]) == (20, SENT, SENT)
    assert answer["held"] == [SENT - 1]
    assert answer["refused"] == "use_rdkafka cannot be used with gevent"
    assert answer["while_retrying"] > 100  # a call of time.sleep lets nobody tick: 23 then
