"""What a consumer of pykafka's, in pure Python, does in a process that was forked after it was made: it says so."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork()"),
]

PROGRAM = """
import itertools, os, signal, sys
sys.path.insert(0, {tree!r})
import pykafka
from pykafka.exceptions import ForkedClientError

client = pykafka.KafkaClient({address!r})
topic = client.topics[{topic!r}]
settings = dict(auto_commit_enable=True, consumer_timeout_ms=60_000)
with topic.get_producer(linger_ms=1) as producer:
    for number in range(10):
        producer.produce(b"%d" % number)
consumer = topic.get_simple_consumer(consumer_group=b"simple", **settings)
member = topic.get_balanced_consumer(b"managed", managed=True, **settings)
for each in (consumer, member):
    assert int(each.consume().value) == 0
inside = member._consumer
locks = [consumer._start_lock, consumer._update_lock, member._rebalancing_lock]
for lock in locks:
    lock.acquire()  # as a thread that is not there in the child might
child = os.fork()
if child == 0:
    signal.alarm(60)
    uses = [
        each
        for used in (consumer, member)
        for each in (used.consume, lambda used=used: next(iter(used)), used.start, used.commit_offsets,
                     used.reset_offsets)
    ] + [consumer.fetch_offsets]
    for use in uses:
        try:
            use()
        except ForkedClientError as error:
            assert "fork" in str(error)
        else:
            os._exit(3)
    for each in (consumer, member):
        each.stop()
    del consumer, member, inside, each, uses
    sys.exit()
_, status = os.waitpid(child, 0)
for lock in locks:
    lock.release()
print("child", status)
for each in (consumer, member):
    print(*(int(message.value) for message in itertools.islice(each, 9)))
    each.stop()
"""


def test_consumers_refuse_to_work_in_a_child_and_go_on_in_the_parent(pykafka: Any, broker: Broker) -> None:
    topic = f"fork-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    tree = str(Path(pykafka.__file__).parents[1])
    program = PROGRAM.format(tree=tree, address=broker.address, topic=topic.encode())
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["child 0", *["1 2 3 4 5 6 7 8 9"] * 2]
