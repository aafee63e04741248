"""What every case needs."""

from __future__ import annotations

import contextlib
from typing import Any

from pykafka import KafkaClient


@contextlib.contextmanager
def topic_of(address: str, topic: str, **client: Any) -> Any:
    """The topic, through a client that lives as long as the context."""
    connected = KafkaClient(address, **client)
    yield connected.topics[topic.encode()]
    del connected
