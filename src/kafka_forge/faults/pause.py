"""``pause``: a broker hangs, as in a long garbage collection, and goes on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Pause:
    """A broker hangs, as in a long garbage collection, and goes on."""

    id = "pause"
    title = "a broker's process stands still (SIGSTOP), and goes on (SIGCONT)"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker = scene.cluster.broker(fault.node)
        broker.pause()
        try:
            yield {"node": broker.node}
        finally:
            scene.cluster.heal()


FAULT = Pause()
