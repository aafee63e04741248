"""pykafka's C mode waits where the pure one does, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .pykafka_topics import fill, new_topic
from .test_pykafka_retrying_in_c import Before

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .kafka_proxy import Asked
    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

FETCH = 1
NETWORK_EXCEPTION = 13
COUNT = 20


def with_an_error(asked: Asked) -> bytes:
    """Have the broker answer a Fetch of one partition, and put an error in (FetchResponse 13 to 16)."""
    answer = asked.forward()
    assert asked.version >= 13
    topics = 4 + 1 + 4 + 2 + 4  # correlation id, tags, throttle time, error, session
    if answer[topics] != 2:  # none, or not one
        return answer
    error = topics + 1 + 16 + 1 + 4  # count, topic id, count, partition
    return answer[:error] + NETWORK_EXCEPTION.to_bytes(2, "big") + answer[error + 2 :]


def test_an_error_that_passes_is_waited_out(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    topic = new_topic(broker.address)
    fill(broker.address, topic, COUNT)
    with Before(broker.address) as proxy:
        proxy.order(FETCH, with_an_error, times=2)
        offsets = pykafka_env.run("consume_past_errors", proxy.address, topic=topic, count=COUNT)
        assert not proxy.unmet(FETCH)
    assert offsets == list(range(COUNT))


def test_a_time_out_of_0_is_none(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    answer = pykafka_env.run("wait_without_end", broker.address, topic=new_topic(broker.address))
    assert answer == {"0": True, "-1": True}


def test_no_thread_and_no_descriptor_is_left(broker: Broker, pykafka_env: PykafkaEnv) -> None:
    """After the first two rounds, in which the connections that are kept are made."""
    seen = pykafka_env.run("leave_nothing", broker.address, topic=new_topic(broker.address), rounds=5)
    for counts in seen.values():
        assert counts[-1] <= max(counts[:2]), seen
