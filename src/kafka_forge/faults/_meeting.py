"""What the faults share that strike a client's next requests: they last until they have met one."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers.links import Links
    from kafka_forge.values.model import JsonObject

_PATIENCE_SECONDS = 20.0
"""A request or its answer may take so long on a busy machine. A fault that met none proves nothing."""
_POLL_SECONDS = 0.05


@contextlib.contextmanager
def meeting(links: Links, what: str) -> Iterator[JsonObject]:
    """Mend the links at the block's end, though not before the fault has met a request, if one comes at all.

    Args:
        links: those that the fault is armed on within the block.
        what: the fault, as `Links.counts` names it.

    Yields:
        What becomes the fault's own account; ``met`` is in it when the block has ended.
    """
    before = links.counts.get(what, 0)
    told: JsonObject = {}
    try:
        yield told
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while links.counts.get(what, 0) == before and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    finally:
        links.mend()
        told["met"] = links.counts.get(what, 0) - before
