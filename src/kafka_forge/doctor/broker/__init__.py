"""A broker's address and settings come in; how its listener answers, and what passes through it, goes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.errors import UnknownBroker

_LAST_PORT = 65535

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.doctor.seen import Seen


def checked(address: str) -> str:
    """Return an address if it is ``HOST:PORT``.

    Raises:
        UnknownBroker: it is not.
    """
    found = re.fullmatch(r"[^\s,/]+:(\d{1,5})", address)
    if found is None or not 0 < int(found.group(1)) <= _LAST_PORT:
        raise UnknownBroker(
            f"this is no broker's address: {address}", todo="name one broker as HOST:PORT, for example localhost:9092."
        )
    return address


def tried(python: Path, seen: Seen, address: str, settings: Mapping[str, str]) -> Seen:
    """Return what was seen of an environment with what a broker shows: its listener, and each client's round trip.

    No message is tried to be passed through a listener that is found unfit for these settings already.
    """
    from kafka_forge.doctor.broker import asking, roundtrips
    from kafka_forge.doctor.judging import broker as judging

    broker = asking.ask(address, settings)
    asked = seen.model_copy(update={"broker": broker})
    if any(judging.found(asked, settings)):
        return asked
    exchanges, error = roundtrips.tried(python, seen, address, settings)
    broker = broker.model_copy(update={"topic_error": error})
    return seen.model_copy(update={"broker": broker, "exchanges": tuple(exchanges)})
