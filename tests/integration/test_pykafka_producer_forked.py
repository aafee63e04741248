"""A process that is forked with a running producer of pykafka: it says so in the child, and its parent goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

from .retry_bench import log_of, numbers

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here"),
]

PROGRAM = """
import os, sys
sys.path.insert(0, {tree!r})
import pykafka
from pykafka.exceptions import ForkedClientError
client = pykafka.KafkaClient({address!r})
topic = client.topics[{topic!r}]
producer = topic.get_producer(linger_ms=50, delivery_reports=True, pending_timeout_ms=60_000)
producer.produce(b"0")
child = os.fork()
if not child:
    with producer:
        for use in (lambda: producer.produce(b"x"), producer.start, producer.get_delivery_report, producer.produce):
            try:
                use(*([b"x"] if use == producer.produce else []))
            except ForkedClientError as refused:
                assert "forked" in str(refused)
            else:
                sys.exit("not refused")
        producer.stop()
        sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
producer.produce(b"1")
assert [producer.get_delivery_report(timeout=60)[1] for _ in range(2)] == [None, None]
producer.stop()
"""


def test_a_producer_says_in_a_child_that_it_is_its_parents(pykafka: Any, broker: Broker) -> None:
    """In a child nothing was sent, nothing was said, and its end waited for ever."""
    topic = f"forked-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    code = PROGRAM.format(tree=str(Path(pykafka.__file__).parents[1]), address=broker.address, topic=topic)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert log_of(broker, topic) == numbers(0, 2)
