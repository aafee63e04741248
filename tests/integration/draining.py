"""Reading what a topic has with pykafka's consumers, which tell by None that there has been nothing for a while."""

from __future__ import annotations

import time
from typing import Any

_SECONDS = 90.0


def next_of(consumer: Any) -> Any:
    """Return the next message that a consumer with a ``consumer_timeout_ms`` reads; silence before it is waited out."""
    deadline = time.monotonic() + _SECONDS
    while (message := consumer.consume()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no message within {_SECONDS:g} s")
    return message


def drained(*consumers: Any, count: int) -> list[Any]:
    """Return the messages that consumers with a ``consumer_timeout_ms`` read, one after the other.

    Silence is the end only once ``count`` messages have come: on a busy machine there is some before, too. What comes
    beyond the count is returned as well, so that it shows. The programs inside an environment import this, too:
    standard library only.
    """
    read: list[Any] = []
    deadline = time.monotonic() + _SECONDS
    while True:
        silent = True
        for consumer in consumers:
            while (message := consumer.consume()) is not None:
                read.append(message)
                silent = False
        if silent and (len(read) >= count or time.monotonic() > deadline):
            return read
