"""``restart``: a broker is ended in order, and comes back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Restart:
    """A broker is ended in order, and comes back."""

    id = "restart"
    title = "a broker hands over its partitions and ends (SIGTERM), and is started anew"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker = scene.cluster.broker(fault.node)
        broker.terminate()
        scene.links.shut(broker.node)
        try:
            yield {"node": broker.node}
        finally:
            scene.cluster.heal()
            scene.links.open(broker.node)


FAULT = Restart()
