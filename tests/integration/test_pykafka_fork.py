"""pykafka in a process that forks: the child is told, and both end; the parent works on."""

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

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")]

INSIDE = Path(__file__).with_name("inside_fork.py")
MESSAGES = 200


def forking(pykafka: Any, broker: Broker, how: str) -> dict[str, Any]:
    """Run inside_fork; return its answer when both processes have ended and said nothing to stderr."""
    return run(sys.executable, str(Path(pykafka.__file__).parents[1]), broker, "threads", how)


def run(
    python: str, tree: str, broker: Broker, handler: str, how: str, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    topic = f"pykafka-fork-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    command = [python, "-X", "faulthandler", str(INSIDE), tree, broker.address, topic, handler, how]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    lines = [line for line in ran.stderr.splitlines() if "DeprecationWarning" not in line and "os.fork()" not in line]
    assert not lines, ran.stderr  # Python 3.12 and later warn of every fork beside threads
    (answer,) = ran.stdout.splitlines()
    return dict(json.loads(answer))


def test_every_use_in_a_child_raises_at_once_though_locks_are_held(pykafka: Any, broker: Broker) -> None:
    answer = forking(pykafka, broker, "use")
    assert set(answer["uses"].values()) == {"ForkedClientError"}, answer
    assert answer["read"] == MESSAGES


@pytest.mark.parametrize("how", ["exit", "forget"])
def test_a_child_ends_and_its_parent_goes_on(pykafka: Any, broker: Broker, how: str) -> None:
    """A producer and a consumer with auto commit were running when it was forked."""
    assert forking(pykafka, broker, how) == {"said": "forgotten" if how == "forget" else "", "read": MESSAGES}


def test_a_child_of_multiprocessing_ends_and_its_parent_goes_on(pykafka: Any, broker: Broker) -> None:
    assert forking(pykafka, broker, "multiprocessing") == {"status": 0, "read": MESSAGES}


@pytest.mark.parametrize("how", ["use", "exit", "forget"])
def test_greenlets_are_left_to_the_parent(pykafka_env: PykafkaEnv, broker: Broker, how: str) -> None:
    answer = run(str(pykafka_env.python), os.devnull, broker, "greenlets", how, pykafka_env.variables)
    assert answer["read"] == MESSAGES
    if how == "use":
        assert set(answer["uses"].values()) == {"ForkedClientError"}, answer
    else:
        assert answer["said"] == ("forgotten" if how == "forget" else "")
