"""Producers that wait for each message."""

from __future__ import annotations

import uuid

from .clients import topic_of


def produced_in_turn(address: str, use_rdkafka: bool) -> tuple[str, int]:
    """The class of what get_sync_producer() made, and the offset of its first message to a topic of its own."""
    with (
        topic_of(address, f"synchronous-{uuid.uuid4()}") as topic,
        topic.get_sync_producer(use_rdkafka=use_rdkafka) as producer,
    ):
        return type(producer).__name__, producer.produce(b"value").offset
