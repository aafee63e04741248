"""What the first clients of a process leave behind for the next ones, where two of them start at the same time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from . import artifacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet

MEETINGS = {
    "both make a class of the version": ("VersionSubscriptable.__init__", ""),
    "both make a decoder": ("StructField.emit_decode_from", "CodegenContext.__init__"),
}
"""Where one client is held until another one is somewhere, too, which is held there until the one has its decoder. With
no second place, the other one has come and gone."""
PROGRAM = """
import gc, json, sys, threading
import kafka
address, held, other = sys.argv[1:]
SECONDS, ANSWER = 10, "ApiVersionsResponse"
one_there, other_there, one_over = (threading.Event() for _ in range(3))
met = []

def client():
    try:
        kafka.KafkaProducer(bootstrap_servers=address, bootstrap_timeout_ms=8000).close()
    except kafka.errors.KafkaError as error:
        return str(error)
    return "bootstrapped"

def decoded(frame, event, argument):
    if event == "return":
        one_over.set()
    return decoded

def watch_one(frame, event, argument):
    name = frame.f_code.co_qualname
    if name == "StructField.compiled_decode_from":
        return decoded
    if name == held and frame.f_locals.get("name", ANSWER).startswith(ANSWER) and not one_there.is_set():
        one_there.set()
        met.append(other_there.wait(SECONDS))

def watch_other(frame, event, argument):
    if frame.f_code.co_qualname == other and not other_there.is_set():
        other_there.set()
        met.append(one_over.wait(SECONDS))

def run(watch):
    sys.settrace(watch)
    client()
    sys.settrace(None)

one = threading.Thread(target=run, args=(watch_one,))
one.start()
met.append(one_there.wait(SECONDS))
run(watch_other)
other_there.set()
one.join()
gc.collect()
print(json.dumps([met, client()]))
"""


@pytest.fixture(scope="module")
def kafka_python() -> Iterator[Environment]:
    with artifacts.installed("kafka-python") as fresh:
        yield fresh


@pytest.mark.parametrize("meeting", MEETINGS)
def test_clients_that_start_together_leave_the_next_one_able_to_read(
    broker: Broker, kafka_python: Environment, tmp_path: Path, meeting: str
) -> None:
    """What reads a kind of answer is made once for the whole process, by whichever client gets one first."""
    ended = artifacts.run(kafka_python, PROGRAM, broker.address, *MEETINGS[meeting], folder=tmp_path, seconds=60)
    assert ended.returncode == 0, ended.stderr
    met, said = json.loads(ended.stdout)
    assert all(met), ended.stderr
    assert said == "bootstrapped", ended.stderr
