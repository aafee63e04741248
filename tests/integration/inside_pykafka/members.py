"""What members of a group leave of their connections."""

from __future__ import annotations

import threading
import time
from typing import Any

from pykafka.broker import Broker
from pykafka.exceptions import KafkaException

from .clients import topic_of

_SECONDS = 60.0


def stop_before_a_heartbeat(address: str, topic: str, use_rdkafka: bool) -> dict[str, Any]:
    """Stop a member whose worker is about to send a heartbeat, and sends it when the member is gone.

    The answer: whether it was so, and the connections of members that are left.
    """
    about, stopped = threading.Event(), threading.Event()
    real = Broker.heartbeat

    def late(self: Broker, *arguments: Any) -> Any:
        about.set()
        stopped.wait(_SECONDS)
        return real(self, *arguments)

    with topic_of(address, topic) as found:
        Broker.heartbeat = late
        consumer = found.get_balanced_consumer(
            topic.encode(), managed=True, use_rdkafka=use_rdkafka, heartbeat_interval_ms=10
        )
        sent = about.wait(_SECONDS)
        consumer.stop()
        stopped.set()
        _wait_for_heartbeats_end()
        return {"about": sent, "left": _left(found)}


def refuse_a_member(address: str, topic: str) -> dict[str, Any]:
    """Start a member that the coordinator refuses, since it shares no assignor with the one that is there."""
    with topic_of(address, topic) as found:
        first = found.get_balanced_consumer(topic.encode(), managed=True)
        second = found.get_balanced_consumer(topic.encode(), managed=True, auto_start=False, rebalance_max_retries=1)
        protocol = second._membership_protocol
        second._membership_protocol = protocol._replace(protocol_name=b"another")
        try:
            second.start()
            error = ""
        except KafkaException as refused:
            error = type(refused).__name__
        left = _left(found, but=first._connection_id)
        first.stop()
        return {"error": error, "left": left}


def _wait_for_heartbeats_end() -> None:
    deadline = time.monotonic() + _SECONDS
    while any("heartbeats" in each.name for each in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)


def _left(topic: Any, but: Any = None) -> list[str]:
    brokers = topic._cluster.brokers.values()
    return [str(name) for broker in brokers for name in broker._req_handlers if name != but]
