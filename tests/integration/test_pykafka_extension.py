"""pykafka's C extension: how it stands between librdkafka's threads and Python, and how it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import zig

from .pykafka_topics import fill, new_topic

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

COUNT = 5000


@pytest.fixture
def topic(broker: Broker) -> str:
    """A new topic of one partition."""
    return new_topic(broker.address)


def test_an_error_of_librdkafkas_own_is_an_rdkafkaexception(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str
) -> None:
    raised = pykafka_env.run("refused_partition", broker.address, topic=topic)
    assert raised == "RdKafkaException"


@pytest.mark.parametrize(
    ("kind", "name"), [("consumer", "RdKafkaSimpleConsumer.poll"), ("producer", "RdKafkaProducer.poll")]
)
def test_what_librdkafka_logs_comes_from_the_thread_that_polls(
    broker: Broker, pykafka_env: PykafkaEnv, topic: str, kind: str, name: str
) -> None:
    """A thread of librdkafka's own that entered Python would be a dummy."""
    thread = pykafka_env.run("logging_thread", broker.address, topic=topic, kind=kind)
    assert re.fullmatch(rf"\d+: pykafka\.{name}", thread), thread


def test_iterating_calls_no_python_for_each_message(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    fill(broker.address, topic, COUNT)
    calls = pykafka_env.run("calls_to_iterate", broker.address, topic=topic, count=COUNT)
    assert calls < COUNT / 5, "some calls are needed for every batch"


def test_producing_calls_no_python_for_each_message(broker: Broker, pykafka_env: PykafkaEnv, topic: str) -> None:
    calls = pykafka_env.run("calls_to_produce", broker.address, topic=topic, count=COUNT)
    assert calls < COUNT / 5


def test_nothing_in_the_extension_is_unused(pykafka_env: PykafkaEnv, pykafka_source: Path, tmp_path: Path) -> None:
    prefix = pykafka_env.python.parents[1]
    (include,) = prefix.glob("include/python3*")
    options = ["-c", f"-I{include}", f"-I{prefix / 'include'}"]
    options += [
        f"-Werror={each}" for each in ("unused-function", "unused-const-variable", "unneeded-internal-declaration")
    ]
    sources = sorted((pykafka_source / "pykafka" / "rdkafka").glob("*.c"))
    assert sources
    for source in sources:
        done = zig.cc(*options, "-o", tmp_path / f"{source.stem}.o", source)
        assert done.returncode == 0, done.stderr


def test_the_extension_names_nothing_of_posix(pykafka_source: Path) -> None:
    """But where it says what to do instead on Windows."""
    for source in sorted((pykafka_source / "pykafka" / "rdkafka").glob("*.[ch]")):
        text = re.sub(r"(?s)#ifdef _WIN32\n.*?#endif\n", "", source.read_text(encoding="utf-8"))
        named = re.findall(r"#include <((?:pthread|syslog|unistd|sys/[\w]+)\.h)>", text)
        assert not named, f"{source.name}: {named}"
