"""pykafka's C extension under a debug build of Python, which counts every reference and checks how objects are used."""

from __future__ import annotations

import itertools
import platform
import statistics
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import platforms
from kafka_forge.ground.paths import Cache

from . import debug_python
from .pykafka_topics import new_topic

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the debug build of Python is one for linux-64"),
    pytest.mark.skipif(
        platform.libc_ver()[0] != "glibc" or tuple(map(int, platform.libc_ver()[1].split("."))) < (2, 35),
        reason="the debug build of Python needs glibc 2.35",
    ),
]


@pytest.fixture(scope="module")
def debug_env(pykafka_source: Path, pykafka_env: PykafkaEnv, tmp_path_factory: pytest.TempPathFactory) -> PykafkaEnv:
    return debug_python.provided(pykafka_source, pykafka_env, tmp_path_factory.mktemp("debug"), Cache.default())


def test_no_reference_is_left_behind_or_given_back_twice(broker: Broker, debug_env: PykafkaEnv) -> None:
    """Most rounds end with exactly as many references as they began with, though caches may fill or empty in some."""
    seen = debug_env.run("count_references", broker.address, topic=new_topic(broker.address), rounds=10, count=300)
    steps = [after - before for before, after in itertools.pairwise(seen)]
    assert statistics.median(steps) == 0, seen


@pytest.mark.parametrize(
    ("case", "arguments"),
    [
        ("stop_while_producing", {"headers": True}),
        ("stop_while_consuming", {}),
        ("report", {}),
        ("fill_queue", {"count": 1000}),
        ("read_unreadable_headers", {}),
        ("leave_running", {"count": 10}),
        ("keep_values", {}),
        ("fields_of_produced", {"count": 200}),
        ("send_and_forget", {"count": 500, "reports": True}),
        ("send_and_forget", {"count": 500, "reports": False}),
    ],
)
def test_no_assertion_of_python_s_own_fails(
    broker: Broker, debug_env: PykafkaEnv, case: str, arguments: dict[str, Any]
) -> None:
    """What the cases answer is judged elsewhere: here the interpreter would abort, and that is an error of `run`."""
    debug_env.run(case, broker.address, topic=new_topic(broker.address), **arguments)
