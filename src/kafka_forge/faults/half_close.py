"""``half-close``: brokers end their side of every connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class HalfClose:
    """Brokers end their side of every connection."""

    id = "half-close"
    title = "every connection is closed by the broker's side only (FIN), while it still listens to what comes"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:  # noqa: ARG002
        """See `kafka_forge.faults.Kind.inflict`."""
        scene.links.half_close()
        yield {}


FAULT = HalfClose()
